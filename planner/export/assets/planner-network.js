// The designed network: routes by kind of laying, NRO and PM, and what the card of a sector says of it.
'use strict';

(function () {
  const { make } = planner;
  const ROW = ['nro', 'nroReused', 'pmReused', 'feeder', 'loop', 'distribution', 'lines', 'unreached',
    'onDemand', 'trench', 'duct', 'poles', 'newPoles', 'reused', 'cables', 'polesUsed',
    'polesNew', 'polesReplaced', 'polesReinforced', 'cost', 'perLine', 'avoided'];

  // Steps to vertices: each line goes on from the last vertex of the one before.
  function unpack({ sizes, steps }) {
    const points = new Int32Array(steps.length);
    let x = 0;
    let y = 0;
    for (let k = 0; k < steps.length; k += 2) {
      points[k] = x += steps[k];
      points[k + 1] = y += steps[k + 1];
    }
    const lines = [];
    let at = 0;
    for (const size of sizes) {
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (let k = at; k < at + size; k++) {
        box[0] = Math.min(box[0], points[2 * k]);
        box[1] = Math.min(box[1], points[2 * k + 1]);
        box[2] = Math.max(box[2], points[2 * k]);
        box[3] = Math.max(box[3], points[2 * k + 1]);
      }
      lines.push({ from: at, to: at + size, box });
      at += size;
    }
    return { points, lines };
  }

  const growth = (zoom) => Math.min(1.5, Math.max(0.45, 1 + (zoom - 12) * 0.14));

  planner.Network = class {
    constructor(block) {
      this.routes = block.routes.map((style) => ({ style, shown: true, ...unpack(style) }));
      this.marks = block.marks.map((style) => ({ style, shown: true }));
      this.shown = false;
    }

    // Show or hide one kind.
    toggle(key, shown) {
      for (const entry of [...this.routes, ...this.marks]) if (entry.style.key === key) entry.shown = shown;
    }

    draw(c, frame) {
      if (!this.shown) return;
      for (const route of this.routes) if (route.shown && frame.zoom >= route.style.fromZoom) this._route(c, route, frame);
      for (const mark of this.marks) if (mark.shown && frame.zoom >= mark.style.fromZoom) this._marks(c, mark.style, frame);
    }

    _route(c, { style, points, lines }, frame) {
      const { box, scale, dx, dy } = frame;
      c.beginPath();
      for (const line of lines) {
        if (line.box[0] > box[2] || line.box[2] < box[0] || line.box[1] > box[3] || line.box[3] < box[1]) continue;
        for (let k = line.from; k < line.to; k++) {
          const x = points[2 * k] * scale + dx;
          const y = points[2 * k + 1] * scale + dy;
          if (k === line.from) c.moveTo(x, y); else c.lineTo(x, y);
        }
      }
      const size = growth(frame.zoom);
      const width = style.width * size;
      c.setLineDash([]);
      c.strokeStyle = 'rgba(255,255,255,0.85)';
      c.lineWidth = width + style.halo * size;
      c.stroke();
      c.setLineDash(style.dash.map((part) => (part * width) / 2));
      c.strokeStyle = style.color;
      c.lineWidth = width;
      c.stroke();
      c.setLineDash([]);
    }

    _marks(c, style, frame) {
      const radius = (style.radius || (style.shape === 'square' ? 9 : 5.5)) * growth(frame.zoom); // a PM may stand in its NRO
      for (let k = 0; k < style.x.length; k++) {
        const x = style.x[k] * frame.scale + frame.dx;
        const y = style.y[k] * frame.scale + frame.dy;
        if (x < -20 || y < -20 || x > frame.size.x + 20 || y > frame.size.y + 20) continue;
        c.save();
        c.translate(x, y);
        c.beginPath();
        planner.SHAPES[style.shape](c, radius);
        c.strokeStyle = '#ffffff';
        c.lineWidth = 2 + 2.4 * growth(frame.zoom);
        c.stroke();
        c.fillStyle = style.fill;
        c.fill();
        c.strokeStyle = style.ink;
        c.lineWidth = 2;
        c.stroke();
        c.restore();
      }
    }
  };

  planner.networkCard = {
    // Which NRO and PM serve a sector, how far, along what, at what cost.
    networkOf(i) {
      const { network } = this.data;
      if (!network || !network.sectors[i].length) return [];
      const row = Object.fromEntries(ROW.map((name, k) => [name, network.sectors[i][k]]));
      const metres = (value) => (value ? this.write.metres(value) : null);
      const onPoles = (length, count) => (length ? this.say('network_on_poles', { length: this.write.metres(length), count: this.write.count(count) }) : null);
      const about = (words, reused) => (words === null ? this.say('network_none') : reused ? `${words}, ${this.say('network_reused')}` : words);
      const rows = this.rows(
        this.row(this.say('network_nro'), about(row.nro, row.nroReused)),
        this.row(this.say('network_pm'), this.say(row.pmReused ? 'network_pm_reused' : 'network_pm_new', { lines: this.write.count(row.lines) })),
        this.row(this.say('network_feeder'), row.feeder === null ? null : this.write.metres(row.feeder)),
        this.row(this.say('network_loop'), metres(row.loop)),
        this.row(this.say('network_distribution'), metres(row.distribution)),
        this.row(this.say('network_trench'), metres(row.trench)),
        this.row(this.say('network_duct'), metres(row.duct)),
        this.row(this.say('network_poles'), onPoles(row.poles, row.polesUsed)),
        this.row(this.say('network_poles_work'), row.polesReplaced || row.polesReinforced ? this.say('network_poles_work_is', { replaced: this.write.count(row.polesReplaced), reinforced: this.write.count(row.polesReinforced) }) : null),
        this.row(this.say('network_new_poles'), onPoles(row.newPoles, row.polesNew)),
        this.row(this.say('network_opened'), row.reused ? this.say('network_opened_is', { length: this.write.metres(row.reused), saved: this.write.cents(100 * Math.round(row.avoided / 100)) }) : null),
        this.row(this.say('network_on_demand'), row.onDemand ? this.write.count(row.onDemand) : null),
        this.row(this.say('network_unreached'), row.unreached ? this.write.count(row.unreached) : null),
        this.row(this.say('network_cost'), row.perLine === null ? this.write.cents(row.cost) : this.say('network_cost_is', { cost: this.write.cents(100 * Math.round(row.cost / 100)), unit: this.write.cents(100 * Math.round(row.perLine / 100)) })));
      const note = network.madeUp ? 'network_made_up' : network.examplePrices ? 'network_prices' : null;
      return [make('h4', {}, this.say('network')), rows, note ? make('p', { class: 'made-up' }, this.say(note)) : null];
    },
  };
})();
