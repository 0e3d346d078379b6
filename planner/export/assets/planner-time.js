// Time: the slider of quarters, and what is serviceable at a date.
'use strict';

(function () {
  const { one, make, draw } = planner;
  const STEP = 700; // milliseconds a quarter while it plays

  planner.time = {
    makeTime() {
      const { data } = this;
      const { quarters } = data.time;
      const place = new Map(quarters.map((code, k) => [code, k + 1]));
      const never = quarters.length + 1;
      // step at which each sector's works are done; never when it has no date
      this.doneAt = data.sectors.quarter.map((code) => (code ? place.get(code) || 1 : never));
      this.when = 0;
      this.dated = false;
      this.cellsOf = new Map();
      const bar = one('frise');
      if (!quarters.length) { bar.hidden = true; return; }
      const range = one('temps');
      range.max = String(quarters.length);
      range.addEventListener('input', () => this.setWhen(Number(range.value)));
      one('avant').addEventListener('click', () => this.stepTime(-1));
      one('apres').addEventListener('click', () => this.stepTime(1));
      one('jouer').addEventListener('click', () => this.play(!this.playing));
      one('entier').addEventListener('click', () => { this.play(false); this.setWhen(null); });
      if (planner.calm()) one('jouer').hidden = true;
      const years = [];
      quarters.forEach((code, k) => { if (code.endsWith('T1')) years.push([k + 1, code.slice(0, 4)]); });
      one('annees').replaceChildren(...years.map(([k, year]) => {
        const mark = make('span', {}, year);
        mark.style.setProperty('left', `${(100 * k) / quarters.length}%`);
        return mark;
      }));
      this.sayWhen();
    },

    whenLabel() {
      const { time } = this.data;
      return this.when === 0 ? time.on : this.say('until', { quarter: time.labels[this.when - 1] });
    },

    stepTime(step) {
      this.play(false);
      this.setWhen(Math.min(this.data.time.quarters.length, Math.max(0, this.when + step)));
    },

    // Show a quarter; null shows the whole programme again, with the figures of the day of the data.
    setWhen(step) {
      this.dated = step !== null;
      this.when = step || 0;
      one('temps').value = String(this.when);
      this.sayWhen();
      this.paintAreas();
      this.writeCard();
      this.keepLink();
    },

    sayWhen() {
      const measured = this.theme !== undefined && this.data.themes[this.theme].dated === 'area';
      const words = this.dated ? this.whenLabel() : measured ? this.say('measured', { when: this.data.time.on }) : this.say('whole_programme');
      one('temps-dit').textContent = words;
      one('temps').setAttribute('aria-valuetext', words);
      one('entier').hidden = !this.dated;
    },

    play(on) {
      if (on === Boolean(this.playing)) return;
      const button = one('jouer');
      button.setAttribute('aria-pressed', String(on));
      button.classList.toggle('playing', on);
      if (!on) { clearInterval(this.playing); this.playing = null; this.announce(this.whenLabel()); return; }
      const last = this.data.time.quarters.length;
      if (!this.dated || this.when === last) this.setWhen(0);
      this.playing = setInterval(() => {
        this.setWhen(this.when + 1);
        if (this.when >= last) this.play(false);
      }, STEP);
    },

    // Rows of the cells of an area; whole is every one.
    cells(kind, position) {
      const key = `${kind}:${position}`;
      if (!this.cellsOf.has(key)) {
        const { cells, communes, sectors } = this.data;
        const own = {
          commune: (i) => cells.commune[i],
          sector: (i) => cells.sector[i],
          zone: (i) => (cells.sector[i] < 0 ? -1 : sectors.zone[cells.sector[i]]),
          epci: (i) => communes.epci[cells.commune[i]],
          departement: (i) => communes.departement[cells.commune[i]],
          whole: () => position,
        }[kind];
        this.cellsOf.set(key, cells.commune.map((_, i) => i).filter((i) => own(i) === position));
      }
      return this.cellsOf.get(key);
    },

    // Serviceable premises of an area at a step, over those that a rate counts; null when unknown.
    served(rows, step) {
      const { cells } = this.data;
      let top = 0;
      let bottom = 0;
      for (const i of rows) {
        if (!cells.rated[i]) continue;
        bottom += cells.rated[i];
        const sector = cells.sector[i];
        const built = sector >= 0 && this.doneAt[sector] <= step;
        if (!built && cells.serviceable[i] === null) return null;
        top += built ? cells.premises[i] : cells.serviceable[i];
      }
      return bottom ? { top, bottom, rate: top / bottom } : null;
    },

    // Rates at every step, in one pass.
    curve(rows) {
      const { cells, time } = this.data;
      const first = this.served(rows, 0);
      if (!first) return null;
      const gains = new Float64Array(time.quarters.length + 2);
      for (const i of rows) {
        const sector = cells.sector[i];
        if (cells.rated[i] && sector >= 0) gains[this.doneAt[sector]] += cells.premises[i] - cells.serviceable[i];
      }
      let top = first.top;
      return time.quarters.reduce((rates, _, k) => {
        top += gains[k + 1];
        rates.push(top / first.bottom);
        return rates;
      }, [first.rate]);
    },

    // A small picture of the curve, and its sentence.
    curveFigure(kind, position) {
      const { time } = this.data;
      const rates = time.quarters.length ? this.curve(this.cells(kind, position)) : null;
      if (!rates) return null;
      const [width, height, low] = [320, 74, 62];
      const x = (k) => 4 + (k * (width - 8)) / (rates.length - 1);
      const y = (rate) => low - Math.min(1, rate) * (low - 8);
      const line = rates.map((rate, k) => `${k ? 'L' : 'M'}${x(k).toFixed(1)} ${y(rate).toFixed(1)}`).join('');
      const labels = time.quarters.map((code, k) => [code, k + 1]).filter(([code]) => code.endsWith('T1') && (Number(code.slice(0, 4)) % 2 === 0))
        .map(([code, k]) => draw('text', { x: x(k), y: height, class: 'tick' }, code.slice(0, 4)));
      const parts = [
        draw('path', { d: `${line}L${x(rates.length - 1)} ${low}L${x(0)} ${low}Z`, class: 'under' }),
        draw('path', { d: `M4 ${low}H${width - 4}`, class: 'base' }),
        draw('path', { d: `M4 8H${width - 4}`, class: 'full' }),
        draw('path', { d: line, class: 'rate' }),
        draw('circle', { cx: x(this.when), cy: y(rates[this.when]), r: 4.5, class: 'now' }),
        ...labels,
      ];
      const svg = draw('svg', { class: 'curve', viewBox: `0 0 ${width} ${height + 4}`, 'aria-hidden': 'true' }, ...parts);
      const words = this.say('curve_is', {
        first: this.write.share(rates[0]), on: time.on,
        last: this.write.share(rates[rates.length - 1]), end: time.labels[time.labels.length - 1],
      });
      return make('figure', { class: 'curve-figure' }, svg, make('figcaption', {}, words));
    },
  };
})();
