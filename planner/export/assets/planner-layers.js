// What is drawn on the Leaflet map: one canvas of areas, borders and names.
'use strict';

(function () {
  const PATTERN = 8;
  const MARGIN = 0.3; // share of the view drawn beyond its edges, so that dragging shows no blank

  // The shapes of planner/export/map/picture.py, on a canvas.
  const SHAPES = {
    solid() {},
    hatch(c) {
      c.lineWidth = 0.9;
      c.moveTo(-2, 10); c.lineTo(10, -2); c.moveTo(-2, 2); c.lineTo(2, -2); c.moveTo(6, 10); c.lineTo(10, 6);
    },
    dots(c) {
      for (const at of [2, 6]) { c.moveTo(at + 0.75, at); c.arc(at, at, 0.75, 0, 2 * Math.PI); }
      c.fill();
      c.beginPath(); // nothing is left to stroke
    },
    cross(c) { c.lineWidth = 0.6; c.moveTo(0, 0); c.lineTo(8, 8); c.moveTo(8, 0); c.lineTo(0, 8); },
    bars(c) { c.lineWidth = 0.8; c.moveTo(0, 4); c.lineTo(8, 4); },
  };

  function makePattern(context, style, ratio) {
    if (style.pattern === 'solid') return style.fill;
    const tile = document.createElement('canvas');
    tile.width = tile.height = PATTERN * ratio;
    const c = tile.getContext('2d');
    c.scale(ratio, ratio);
    c.fillStyle = style.fill;
    c.fillRect(0, 0, PATTERN, PATTERN);
    c.strokeStyle = c.fillStyle = style.ink;
    c.globalAlpha = 0.5; // the ground is the figure, the pattern its second voice
    c.beginPath();
    SHAPES[style.pattern](c);
    c.stroke();
    const pattern = context.createPattern(tile, 'repeat');
    pattern.setTransform(new DOMMatrix([1 / ratio, 0, 0, 1 / ratio, 0, 0]));
    return pattern;
  }

  const POINTS_FROM = 9.75; // below this zoom areas are shaded; from it on premises are drawn
  planner.POINTS_FROM = POINTS_FROM;

  // scene: {classes: [{style, rings, shown, faint}], lines: [{style, arcs, shown}], names, picked,
  //         land, veil, premises, paint, path}
  planner.Canvas = L.Layer.extend({
    initialize(topology, scene) {
      this._topology = topology;
      this.scene = scene;
    },

    onAdd(map) {
      this._canvas = L.DomUtil.create('canvas', 'planner-canvas leaflet-zoom-animated');
      this._canvas.setAttribute('aria-hidden', 'true');
      map.getPane('overlayPane').appendChild(this._canvas);
      this._reset();
    },

    onRemove() {
      this._canvas.remove();
    },

    getEvents() {
      const events = { viewreset: this._reset, moveend: this._reset, resize: this._reset };
      if (this._map.options.zoomAnimation && L.Browser.any3d) events.zoomanim = this._animate;
      return events;
    },

    // Draw again soon, once for any number of changes.
    refresh() {
      if (this._asked) return;
      this._asked = L.Util.requestAnimFrame(() => {
        this._asked = null;
        this._reset();
      });
    },

    _animate(event) {
      const scale = this._map.getZoomScale(event.zoom, this._zoom);
      const offset = this._map._latLngBoundsToNewLayerBounds(this._bounds, event.zoom, event.center).min;
      L.DomUtil.setTransform(this._canvas, offset, scale);
    },

    _reset() {
      const map = this._map;
      const size = map.getSize();
      if (!size.x || !size.y) return;
      const margin = size.multiplyBy(MARGIN).round();
      const corner = map.containerPointToLayerPoint(margin.multiplyBy(-1)).round();
      const whole = size.add(margin.multiplyBy(2));
      const ratio = window.devicePixelRatio || 1;
      L.DomUtil.setPosition(this._canvas, corner);
      this._zoom = map.getZoom();
      this._bounds = L.latLngBounds(
        map.layerPointToLatLng(corner), map.layerPointToLatLng(corner.add(whole)));
      const canvas = this._canvas;
      canvas.width = whole.x * ratio;
      canvas.height = whole.y * ratio;
      canvas.style.width = whole.x + 'px';
      canvas.style.height = whole.y + 'px';
      const origin = map.getPixelOrigin().add(corner);
      this.draw(canvas.getContext('2d'), { zoom: this._zoom, origin, size: whole, ratio });
    },

    // Draw a view of the world: the screen's, or that of the printed page.
    draw(c, { zoom, origin, size, ratio }) {
      const began = performance.now();
      const scale = 2 ** (zoom - this._topology.zoom);
      // patterns stay with the ground while it is dragged
      const shift = { x: origin.x % PATTERN, y: origin.y % PATTERN };
      const frame = {
        scale, dx: shift.x - origin.x, dy: shift.y - origin.y,
        box: [origin.x, origin.y, origin.x + size.x, origin.y + size.y].map((v) => v / scale),
        thin: this._topology.thinned(zoom + Math.log2(ratio) * 0.5),
        shift, size, zoom,
      };
      const dotted = zoom >= POINTS_FROM && this.scene.premises && this.scene.premises.points > 0;
      c.setTransform(ratio, 0, 0, ratio, -shift.x * ratio, -shift.y * ratio);
      c.lineJoin = c.lineCap = 'round';
      if (this.scene.land && !this.scene.see) this._fill(c, this.scene.land, '#f3f2ee', frame);
      for (const entry of this.scene.classes) {
        if (!entry.shown || !entry.rings.length) continue;
        // what is pale is pale on paper, not on the sea; over a background map all is seen through
        if (!this.scene.see) this._fill(c, entry.rings, '#ffffff', frame);
        const share = dotted ? this.scene.areaShare : this.scene.see ? 0.6 : 1;
        c.globalAlpha = share * (entry.faint ? 0.22 : 1);
        this._fill(c, entry.rings, dotted ? entry.style.fill : makePattern(c, entry.style, Math.ceil(ratio)), frame);
        c.globalAlpha = 1;
      }
      if (dotted) {
        c.save();
        c.setTransform(1, 0, 0, 1, 0, 0);
        this.scene.premises.draw(c, { zoom, origin, size, ratio }, this.scene.paint);
        c.restore();
      }
      if (this.scene.veil) this._fill(c, this.scene.veil, 'rgba(244,246,248,0.78)', frame);
      for (const line of this.scene.lines) {
        if (line.shown && zoom >= line.style.fromZoom) this._line(c, line, frame);
      }
      if (this.scene.network) this.scene.network.draw(c, frame);
      if (this.scene.sites) this.scene.sites.draw(c, frame);
      if (this.scene.picked) this._pick(c, this.scene.picked, frame);
      this._names(c, frame);
      if (this.scene.path) this._path(c, this.scene.path, frame);
      this.spent = performance.now() - began;
    },

    _fill(c, rings, style, frame) {
      c.beginPath();
      for (const ring of rings) this._ring(c, ring, frame);
      c.fillStyle = style;
      c.fill('evenodd');
    },

    // The measured way: points in pixels of the topology.
    _path(c, points, frame) {
      const at = points.map(([x, y]) => [x * frame.scale + frame.dx, y * frame.scale + frame.dy]);
      c.beginPath();
      at.forEach(([x, y], k) => (k ? c.lineTo(x, y) : c.moveTo(x, y)));
      for (const [color, width] of [['#ffffff', 6], ['#a3194e', 2.5]]) {
        c.strokeStyle = color;
        c.lineWidth = width;
        c.stroke();
      }
      for (const [x, y] of at) this._mark(c, x, y, 4, { fill: '#ffffff', ink: '#a3194e' });
    },

    _seen(box, frame, at) {
      return box[at] <= frame.box[2] && box[at + 2] >= frame.box[0]
        && box[at + 1] <= frame.box[3] && box[at + 3] >= frame.box[1];
    },

    _ring(c, ring, frame) {
      if (!this._seen(ring.box, frame, 0)) return;
      let first = true;
      for (const signed of ring.arcs) {
        this._arc(c, signed, frame, first);
        first = false;
      }
      c.closePath();
    },

    _arc(c, signed, frame, start) {
      const { points, starts } = frame.thin;
      const arc = signed < 0 ? ~signed : signed;
      const from = starts[arc];
      const to = starts[arc + 1] - 1;
      for (let k = 0; k <= to - from; k++) {
        const i = signed < 0 ? to - k : from + k;
        const x = points[2 * i] * frame.scale + frame.dx;
        const y = points[2 * i + 1] * frame.scale + frame.dy;
        if (k === 0 && start) c.moveTo(x, y);
        else c.lineTo(x, y);
      }
    },

    _line(c, line, frame) {
      c.beginPath();
      for (const arc of line.arcs) {
        if (this._seen(this._topology.boxes, frame, 4 * arc)) this._arc(c, arc, frame, true);
      }
      const growth = Math.min(1.6, Math.max(0.5, 1 + (frame.zoom - 10) * 0.15));
      const width = line.style.width * growth;
      if (line.style.halo) {
        c.setLineDash([]);
        c.strokeStyle = 'rgba(255,255,255,0.75)';
        c.lineWidth = width + line.style.halo;
        c.stroke();
      }
      c.setLineDash(line.style.dash);
      c.strokeStyle = line.style.color;
      c.lineWidth = width;
      c.stroke();
      c.setLineDash([]);
    },

    _pick(c, picked, frame) {
      c.beginPath();
      for (const ring of picked.rings) this._ring(c, ring, frame);
      c.strokeStyle = '#ffffff';
      c.lineWidth = 7;
      c.stroke();
      c.strokeStyle = '#11161d';
      c.lineWidth = 3;
      c.stroke();
    },

    // Names that fit, the most important first; names: [{x, y, text, rank, mark}]
    _names(c, frame) {
      const taken = [];
      const { zoom } = frame;
      c.textBaseline = 'middle';
      for (const name of this.scene.names) {
        if (name.shown === false || zoom < name.fromZoom) continue;
        const x = name.x * frame.scale + frame.dx;
        const y = name.y * frame.scale + frame.dy;
        const inX = x - frame.shift.x;
        const inY = y - frame.shift.y;
        if (inX < 0 || inY < 0 || inX > frame.size.x || inY > frame.size.y) continue;
        c.font = `${name.weight} ${name.size - (zoom < 7.5 ? 1.5 : 0)}px ${planner.FONT}`;
        const half = c.measureText(name.text).width / 2;
        const radius = name.mark ? Math.min(name.mark.radius, zoom - 3) : 0;
        const offset = name.mark ? radius + 4 + half : 0;
        const side = name.mark ? this._side(x, y, half, offset, name.size, taken) : this._free(x, y, half, name.size, taken) ? 0 : null;
        if (name.mark) this._mark(c, x, y, radius, name.mark);
        if (side === null) continue;
        taken.push([x + side * offset - half - 3, y - name.size / 2 - 2, x + side * offset + half + 3, y + name.size / 2 + 2]);
        c.textAlign = 'center';
        c.strokeStyle = 'rgba(255,255,255,0.92)';
        c.lineWidth = 3.5;
        c.strokeText(name.text, x + side * offset, y);
        c.fillStyle = name.color;
        c.fillText(name.text, x + side * offset, y);
      }
    },

    _side(x, y, half, offset, size, taken) {
      for (const side of [1, -1]) if (this._free(x + side * offset, y, half, size, taken)) return side;
      return null;
    },

    _free(x, y, half, size, taken) {
      const box = [x - half - 3, y - size / 2 - 2, x + half + 3, y + size / 2 + 2];
      return !taken.some((t) => box[0] < t[2] && box[2] > t[0] && box[1] < t[3] && box[3] > t[1]);
    },

    _mark(c, x, y, radius, mark) {
      c.beginPath();
      c.arc(x, y, radius, 0, 2 * Math.PI);
      c.fillStyle = mark.fill;
      c.fill();
      c.strokeStyle = '#ffffff';
      c.lineWidth = 4.5;
      c.stroke();
      c.strokeStyle = mark.ink;
      c.lineWidth = 2.5;
      c.stroke();
    },
  });
})();
