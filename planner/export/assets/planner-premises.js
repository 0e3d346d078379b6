// Every premise: decoded from the stream of planner/export/map/premises.py, painted on a canvas.
'use strict';

(function () {
  const SQUARE = 32; // most pixels of a sprite's side

  planner.bytes = function (text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    const raw = atob(text);
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    return bytes;
  };

  // Inflate by the browser where it can, else by our own library.
  planner.inflate = async function (packed, size) {
    if (typeof DecompressionStream === 'function' && typeof Response === 'function') {
      try {
        const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
        return new Uint8Array(await new Response(stream).arrayBuffer());
      } catch (error) { /* an old browser without the raw format */ }
    }
    return tinyInflate(packed, new Uint8Array(size));
  };

  function unmix(code) { // every second bit
    let v = code & 0x55555555;
    v = (v | (v >>> 1)) & 0x33333333;
    v = (v | (v >>> 2)) & 0x0f0f0f0f;
    v = (v | (v >>> 4)) & 0x00ff00ff;
    return (v | (v >>> 8)) & 0xffff;
  }

  class Premises {
    constructor() {
      this.chunks = [];
      this.count = 0;
      this.points = 0;
    }

    async add(head) {
      const stream = await planner.inflate(planner.bytes(head.data), head.bytes);
      if (stream.length !== head.bytes) throw new Error('premises: the block is cut');
      this.chunks.push(this.read(head, stream));
      this.count += head.premises;
      this.points += head.points;
    }

    read(head, stream) {
      let at = 0;
      const next = () => {
        let value = stream[at] & 0x7f;
        for (let shift = 7; stream[at++] & 0x80; shift += 7) value += (stream[at] & 0x7f) * 2 ** shift;
        return value;
      };
      const column = (length, less) => {
        const values = new Int32Array(length);
        for (let i = 0; i < length; i++) values[i] = next() - less;
        return values;
      };
      const n = head.groups;
      const chunk = {
        zoom: head.zoom, area: column(n, 0), phase: column(n, 1), state: column(n, 1),
        column: column(n, -head.column), row: column(n, -head.row), sizes: column(n, 0),
      };
      chunk.starts = new Int32Array(n + 1);
      chunk.x = new Int32Array(head.points);
      chunk.y = new Int32Array(head.points);
      chunk.boxes = new Int32Array(4 * n);
      let i = 0;
      for (let g = 0; g < n; g++) {
        const left = chunk.column[g] * 2 ** head.bits;
        const top = chunk.row[g] * 2 ** head.bits;
        const box = [Infinity, Infinity, -Infinity, -Infinity];
        let code = 0;
        for (const end = i + chunk.sizes[g]; i < end; i++) {
          code += next();
          const x = left + unmix(code | 0);
          const y = top + unmix((code / 2) | 0);
          chunk.x[i] = x;
          chunk.y[i] = y;
          if (x < box[0]) box[0] = x;
          if (y < box[1]) box[1] = y;
          if (x > box[2]) box[2] = x;
          if (y > box[3]) box[3] = y;
        }
        chunk.boxes.set(box, 4 * g);
        chunk.starts[g + 1] = i;
      }
      chunk.premises = column(head.points, 0);
      return chunk;
    }

    // Premises by group, as decoded: what the tests compare with the plan.
    tally() {
      const rows = [];
      for (const chunk of this.chunks) {
        for (let g = 0; g < chunk.area.length; g++) {
          let count = 0;
          for (let i = chunk.starts[g]; i < chunk.starts[g + 1]; i++) count += chunk.premises[i];
          rows.push([chunk.area[g], chunk.phase[g], chunk.state[g], count]);
        }
      }
      return rows;
    }

    // Premises of an area by state; -1 is unknown.
    states(area) {
      const counts = new Map();
      for (const chunk of this.chunks) {
        for (let g = 0; g < chunk.area.length; g++) {
          if (chunk.area[g] !== area) continue;
          let count = 0;
          for (let i = chunk.starts[g]; i < chunk.starts[g + 1]; i++) count += chunk.premises[i];
          counts.set(chunk.state[g], (counts.get(chunk.state[g]) || 0) + count);
        }
      }
      return counts;
    }

    // How wide a premise is drawn, in CSS pixels.
    static width(zoom) {
      if (zoom < 11.5) return 1;
      if (zoom < 12.5) return 1.5;
      if (zoom < 13.5) return 2.5;
      return Math.min(13, 4 * 1.45 ** (zoom - 13.5));
    }

    // paint: (area, phase, state) => null or {ink: [r, g, b, a], rank, shape}; frame: {zoom, origin, size, ratio}
    draw(context, frame, paint) {
      const { zoom, origin, size, ratio } = frame;
      const width = Math.max(1, Math.round(Premises.width(zoom) * ratio));
      const runs = this.runs(zoom, origin, size, paint);
      if (!runs.length) return 0;
      const wide = Math.round(size.x * ratio);
      const high = Math.round(size.y * ratio);
      if (zoom < 13.5) this.dust(context, runs, { zoom, origin, ratio, width, wide, high });
      else this.sprites(context, runs, { zoom, origin, ratio, width, wide, high });
      return runs.length;
    }

    // Groups in view, those to be seen best last.
    runs(zoom, origin, size, paint) {
      const found = [];
      for (const chunk of this.chunks) {
        const scale = 2 ** (zoom - chunk.zoom);
        const west = origin.x / scale;
        const north = origin.y / scale;
        const east = (origin.x + size.x) / scale;
        const south = (origin.y + size.y) / scale;
        const { boxes } = chunk;
        for (let g = 0; g < chunk.area.length; g++) {
          if (boxes[4 * g] > east || boxes[4 * g + 2] < west || boxes[4 * g + 1] > south || boxes[4 * g + 3] < north) continue;
          const style = paint(chunk.area[g], chunk.phase[g], chunk.state[g]);
          if (style) found.push({ chunk, g, style, scale });
        }
      }
      return found.sort((a, b) => a.style.rank - b.style.rank);
    }

    dust(context, runs, { origin, ratio, width, wide, high }) {
      const image = new ImageData(wide, high);
      const pixels = new Uint32Array(image.data.buffer);
      const half = (width - 1) >> 1;
      const corners = width > 2; // bigger ones lose their corners, to look round
      for (const { chunk, g, style, scale } of runs) {
        const { x, y } = chunk;
        const [r, green, b, a] = style.ink;
        const ink = ((a << 24) | (b << 16) | (green << 8) | r) >>> 0;
        const k = scale * ratio;
        const dx = origin.x * ratio + half;
        const dy = origin.y * ratio + half;
        for (let i = chunk.starts[g], end = chunk.starts[g + 1]; i < end; i++) {
          const px = Math.floor(x[i] * k - dx);
          const py = Math.floor(y[i] * k - dy);
          if (px < 0 || py < 0 || px + width > wide || py + width > high) continue;
          let at = py * wide + px;
          if (width === 1) { pixels[at] = ink; continue; }
          for (let row = 0; row < width; row++, at += wide) {
            const cut = corners && (row === 0 || row === width - 1) ? 1 : 0;
            for (let c = cut; c < width - cut; c++) pixels[at + c] = ink;
          }
        }
      }
      const sheet = this.sheet(wide, high);
      sheet.getContext('2d').putImageData(image, 0, 0);
      context.drawImage(sheet, 0, 0);
    }

    sheet(wide, high) {
      if (!this._sheet) this._sheet = document.createElement('canvas');
      if (this._sheet.width !== wide || this._sheet.height !== high) {
        this._sheet.width = wide;
        this._sheet.height = high;
      }
      return this._sheet;
    }

    sprites(context, runs, { origin, ratio, width, wide, high }) {
      const stamps = new Map();
      const stamp = (style, big) => {
        const key = `${style.ink}|${style.shape}|${big}`;
        if (!stamps.has(key)) stamps.set(key, makeStamp(style, Math.round(width * (1 + 0.3 * big)), ratio));
        return stamps.get(key);
      };
      for (const { chunk, g, style, scale } of runs) {
        const { x, y, premises } = chunk;
        const k = scale * ratio;
        for (let i = chunk.starts[g], end = chunk.starts[g + 1]; i < end; i++) {
          const px = x[i] * k - origin.x * ratio;
          const py = y[i] * k - origin.y * ratio;
          if (px < -SQUARE || py < -SQUARE || px > wide + SQUARE || py > high + SQUARE) continue;
          const many = premises[i];
          const sprite = stamp(style, many > 8 ? 2 : many > 1 ? 1 : 0);
          const half = sprite.width / 2;
          context.drawImage(sprite, Math.round(px - half), Math.round(py - half));
        }
      }
    }
  }

  // Shapes tell states apart without their colour.
  const SHAPES = {
    disc(c, r) { c.arc(0, 0, r, 0, 2 * Math.PI); },
    square(c, r) { c.rect(-0.86 * r, -0.86 * r, 1.72 * r, 1.72 * r); },
    diamond(c, r) { c.moveTo(0, -1.15 * r); c.lineTo(1.15 * r, 0); c.lineTo(0, 1.15 * r); c.lineTo(-1.15 * r, 0); c.closePath(); },
    triangle(c, r) { c.moveTo(0, -1.1 * r); c.lineTo(1.1 * r, 0.85 * r); c.lineTo(-1.1 * r, 0.85 * r); c.closePath(); },
    ring(c, r) { c.arc(0, 0, r, 0, 2 * Math.PI); },
    cross(c, r) { c.moveTo(-r, -r); c.lineTo(r, r); c.moveTo(r, -r); c.lineTo(-r, r); },
  };
  planner.SHAPES = SHAPES;

  function makeStamp(style, width, ratio) {
    const rim = Math.max(1, ratio * 0.75);
    const side = Math.ceil(width * 1.2 + 2 * rim + 2);
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = side;
    const c = canvas.getContext('2d');
    c.translate(side / 2, side / 2);
    const [r, g, b, a] = style.ink;
    const ink = `rgba(${r},${g},${b},${a / 255})`;
    const hollow = style.shape === 'ring' || style.shape === 'cross';
    c.beginPath();
    SHAPES[style.shape](c, hollow ? width / 2 - rim / 2 : width / 2);
    c.lineJoin = 'round';
    c.strokeStyle = `rgba(255,255,255,${a / 255})`;
    c.lineWidth = hollow ? 3.4 * rim : 2 * rim;
    c.stroke();
    if (hollow) {
      if (style.shape === 'ring') { c.fillStyle = `rgba(255,255,255,${a / 255})`; c.fill(); }
      c.strokeStyle = ink;
      c.lineWidth = 1.6 * rim;
      c.stroke();
    } else {
      c.fillStyle = ink;
      c.fill();
    }
    return canvas;
  }

  planner.Premises = Premises;
})();
