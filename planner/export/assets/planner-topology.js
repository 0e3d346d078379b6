// The shared topology of the page: arcs with a face on either side, and labels on the faces.
// planner/export/map/topology.py writes it; coordinates are pixels of one web zoom, y south.
'use strict';
var planner = {};

(function () {
  class Topology {
    constructor(data) {
      this.zoom = data.zoom;
      this.left = data.left;
      this.right = data.right;
      this.labels = data.labels;
      const sizes = data.sizes;
      const steps = data.steps;
      this.starts = new Int32Array(sizes.length + 1);
      this.points = new Int32Array(steps.length);
      let at = 0;
      for (let arc = 0; arc < sizes.length; arc++) {
        let x = 0;
        let y = 0;
        for (let i = 0; i < sizes[arc]; i++, at += 2) {
          x += steps[at];
          y += steps[at + 1];
          this.points[at] = x;
          this.points[at + 1] = y;
        }
        this.starts[arc + 1] = at / 2;
      }
      this.boxes = this._boxes();
      this._thinned = new Map();
    }

    get arcs() {
      return this.left.length;
    }

    _boxes() {
      const boxes = new Float64Array(4 * this.arcs);
      for (let arc = 0; arc < this.arcs; arc++) {
        const box = [Infinity, Infinity, -Infinity, -Infinity];
        for (let i = this.starts[arc]; i < this.starts[arc + 1]; i++) {
          const x = this.points[2 * i];
          const y = this.points[2 * i + 1];
          if (x < box[0]) box[0] = x;
          if (y < box[1]) box[1] = y;
          if (x > box[2]) box[2] = x;
          if (y > box[3]) box[3] = y;
        }
        boxes.set(box, 4 * arc);
      }
      return boxes;
    }

    // Label of each face from a label of communes or sectors: labels[of[face]], -1 where there is none.
    compose(of, labels) {
      return this.labels[of].map((area) => (area < 0 ? -1 : labels[area]));
    }

    _side(faces, face) {
      return face < 0 ? -1 : faces[face];
    }

    // Arcs where the label changes.
    borders(faces) {
      const found = [];
      for (let arc = 0; arc < this.arcs; arc++) {
        if (this._side(faces, this.left[arc]) !== this._side(faces, this.right[arc])) found.push(arc);
      }
      return found;
    }

    // For each label below count: its bounding box and the arcs around it, ~arc backwards.
    outlines(faces, count) {
      const around = Array.from({ length: count }, () => ({
        arcs: [], box: [Infinity, Infinity, -Infinity, -Infinity],
      }));
      const add = (label, arc, signed) => {
        const area = around[label];
        area.arcs.push(signed);
        for (let k = 0; k < 2; k++) {
          area.box[k] = Math.min(area.box[k], this.boxes[4 * arc + k]);
          area.box[k + 2] = Math.max(area.box[k + 2], this.boxes[4 * arc + k + 2]);
        }
      };
      for (let arc = 0; arc < this.arcs; arc++) {
        const left = this._side(faces, this.left[arc]);
        const right = this._side(faces, this.right[arc]);
        if (left === right) continue;
        if (left >= 0) add(left, arc, arc);
        if (right >= 0) add(right, arc, ~arc);
      }
      return around;
    }

    // Rings of an area with their boxes.
    boxed(signed) {
      const { boxes } = this;
      return this.rings(signed).map((arcs) => {
        const box = [Infinity, Infinity, -Infinity, -Infinity];
        for (const s of arcs) {
          const at = 4 * (s < 0 ? ~s : s);
          for (let k = 0; k < 2; k++) {
            box[k] = Math.min(box[k], boxes[at + k]);
            box[k + 2] = Math.max(box[k + 2], boxes[at + k + 2]);
          }
        }
        return { arcs, box };
      });
    }

    // Arcs of one area chained into closed rings; even-odd filling makes any chaining right.
    rings(signed) {
      const leaving = new Map();
      const node = (i) => this.points[2 * i] * 33554432 + this.points[2 * i + 1];
      const ends = signed.map((s) => {
        const arc = s < 0 ? ~s : s;
        const first = node(this.starts[arc]);
        const last = node(this.starts[arc + 1] - 1);
        return s < 0 ? [last, first] : [first, last];
      });
      signed.forEach((s, k) => {
        if (!leaving.has(ends[k][0])) leaving.set(ends[k][0], []);
        leaving.get(ends[k][0]).push(k);
      });
      const found = [];
      const used = new Uint8Array(signed.length);
      for (let k = 0; k < signed.length; k++) {
        if (used[k]) continue;
        const ring = [];
        for (let at = k; at !== undefined; ) {
          used[at] = 1;
          ring.push(signed[at]);
          at = (leaving.get(ends[at][1]) || []).find((next) => !used[next]);
        }
        found.push(ring);
      }
      return found;
    }

    // The area of these outlines that holds a point, or -1.
    find(outlines, x, y) {
      for (let label = 0; label < outlines.length; label++) {
        const { arcs, box } = outlines[label];
        if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) continue;
        if (this._inside(arcs, x, y)) return label;
      }
      return -1;
    }

    _inside(arcs, x, y) {
      const p = this.points;
      let inside = false;
      for (const signed of arcs) {
        const arc = signed < 0 ? ~signed : signed;
        if (y < this.boxes[4 * arc + 1] || y > this.boxes[4 * arc + 3]) continue;
        for (let i = 2 * this.starts[arc]; i < 2 * this.starts[arc + 1] - 2; i += 2) {
          const up = p[i + 1] > y;
          if (up !== p[i + 3] > y) {
            const cut = p[i] + ((y - p[i + 1]) * (p[i + 2] - p[i])) / (p[i + 3] - p[i + 1]);
            if (x < cut) inside = !inside;
          }
        }
      }
      return inside;
    }

    // Points and starts without the vertices that a screen at this zoom can't tell apart.
    thinned(zoom) {
      const level = Math.min(this.zoom, Math.max(0, Math.ceil(zoom)));
      if (!this._thinned.has(level)) this._thinned.set(level, this._thin(2 ** (this.zoom - level)));
      return this._thinned.get(level);
    }

    _thin(step) {
      const points = new Int32Array(this.points.length);
      const starts = new Int32Array(this.arcs + 1);
      let kept = 0;
      for (let arc = 0; arc < this.arcs; arc++) {
        const last = this.starts[arc + 1] - 1;
        let x = NaN;
        let y = NaN;
        for (let i = this.starts[arc]; i <= last; i++) {
          const px = this.points[2 * i];
          const py = this.points[2 * i + 1];
          if (i !== last && Math.abs(px - x) + Math.abs(py - y) < step) continue;
          points[2 * kept] = x = px;
          points[2 * kept + 1] = y = py;
          kept += 1;
        }
        starts[arc + 1] = kept;
      }
      return { points: points.subarray(0, 2 * kept), starts };
    }
  }

  planner.Topology = Topology;
})();
