// The bulletin: map, ranking and table of one EPCI, kept in step with what the ballot comes to.
// Whatever a person reads is written with textContent; nothing is asked of the network.
'use strict';

(function () {
  planner.FONT = '"Source Sans 3 Variable", system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  const { one, make, draw } = planner;
  const CLASS = {
    none: 'none', in: 'in', out: 'out', required: 'required', required_out: 'trouble', tie: 'trouble',
    contradiction: 'trouble', refused: 'refused', theirs: 'theirs', settled: 'settled',
  };
  const GRAVE = new Set(['contradiction', 'required', 'tie']);

  class Bulletin {
    constructor(map, data) {
      this.map = map;
      this.data = data;
      this.sheet = data.sheet;
      this.write = planner.makeWriter(data.lang, data.texts);
      this.topology = new planner.Topology(data.topology);
      this.wishes = new planner.Wishes(data.sheet);
      this.picked = null;
      this.saved = '[]';
    }

    start() {
      document.documentElement.classList.add('js');
      this.makeScene();
      this.canvas = new planner.Canvas(this.topology, this.scene);
      this.prepareMap();
      this.canvas.addTo(this.map);
      this.watchMap();
      this.watchTable();
      this.watchButtons();
      this.refresh();
      document.fonts.ready.then(() => this.canvas.refresh());
      window.addEventListener('beforeunload', (event) => { if (this.isUnsaved) event.preventDefault(); });
      window.addEventListener('beforeprint', () => this.drawPaper());
    }

    // ---- words -------------------------------------------------------------------------------

    say(key, values) {
      return this.write.say(`ui_${key}`, values || {});
    }

    // A sentence of the library, its values written as it writes them.
    sentence(breach) {
      return this.data.texts[`broken_${breach.words}`].replace(/\{(\w+)(?::(\w+))?\}/g, (_, name, kind) => {
        const value = breach.values[name];
        return kind === 'eur' ? this.write.cents(value) : kind === 'n' ? this.write.count(value) : value;
      });
    }

    amount(value) {
      if (this.sheet.unit === 'eur') return this.write.cents(value);
      return this.say(Math.abs(value) < 2 ? 'line' : 'lines', { count: this.write.count(value) });
    }

    used() {
      const { used } = this.count;
      if (this.sheet.granted === null) return this.say('used_alone', { used: this.amount(used) });
      const bare = this.sheet.unit === 'eur' ? this.write.cents(used) : this.write.count(used);
      return this.say('used', { used: bare, granted: this.amount(this.sheet.granted) });
    }

    stateWords(k) {
      const { sectors } = this.sheet;
      const votes = this.count.state[k] === 'theirs' && this.wishes.canRank(k) ? '_votes' : '';
      const words = this.say(`state_${this.count.state[k]}${votes}`, {
        missing: this.count.missing[k] === null ? '' : this.amount(this.count.missing[k]),
        decider: sectors.decider[k], phase: sectors.phase[k],
      });
      const { rank, stance } = this.wishes.all[k];
      const idle = stance === 'required' && rank !== null ? `, ${this.say('idle')}` : '';
      return this.count.far.has(k) ? `${words}${idle}, ${this.say('far')}` : `${words}${idle}`;
    }

    announce(text) {
      one('annonce').textContent = text;
    }

    // ---- map ---------------------------------------------------------------------------------

    makeScene() {
      const { data, topology } = this;
      const { sector, commune, land } = topology.labels;
      const size = this.sheet.sectors.id.length;
      this.outlines = topology.outlines(sector, size);
      const own = commune ? commune.map((c, face) => (c >= 0 || sector[face] >= 0 ? 0 : -1)) : sector.map((s) => (s < 0 ? -1 : 0));
      const arcs = [topology.borders(sector), commune ? topology.borders(commune) : [], topology.borders(own)];
      this.names = data.communes.nom.map((text, i) => i)
        .sort((a, b) => data.communes.population[b] - data.communes.population[a] || a - b)
        .map((i, order) => ({
          x: data.communes.x[i], y: data.communes.y[i], text: data.communes.nom[i],
          fromZoom: order < 6 ? 0 : 10.25, weight: order < 3 ? 700 : 500, size: 12, color: '#11161d',
        }));
      this.scene = {
        classes: [], names: this.names, picked: null, premises: null, veil: null, path: null,
        lines: data.lines.map((style, k) => ({ style, arcs: arcs[k], shown: true })),
      };
      if (land) this.scene.land = this.topology.boxed(topology.outlines(land, Math.max(...land) + 1).flatMap((area) => area.arcs));
    }

    paint() {
      const { data, topology } = this;
      const { sector, commune } = topology.labels;
      const place = Object.fromEntries(data.classes.map((entry, k) => [entry.key, k]));
      const faces = sector.map((k, face) => {
        if (k >= 0) return place[CLASS[this.count.state[k]]];
        return commune && commune[face] >= 0 ? place.outside : -1;
      });
      this.scene.classes = topology.outlines(faces, data.classes.length).map((area, k) => ({
        style: data.classes[k], faint: false, shown: true, rings: area.arcs.length ? this.topology.boxed(area.arcs) : [],
      }));
      const { sectors } = this.sheet;
      const marks = [];
      this.wishes.all.forEach((wish, k) => {
        const sign = wish.stance === 'required' ? '★' : wish.stance === 'refused' ? '✕' : '';
        const text = [wish.rank === null ? '' : this.write.count(wish.rank), sign].filter(Boolean).join(' ');
        if (text) marks.push({ x: sectors.x[k], y: sectors.y[k], text, fromZoom: 0, weight: 800, size: 17, color: '#11161d' });
      });
      this.scene.names = [...marks, ...this.names];
      this.scene.picked = this.picked === null ? null : { rings: this.topology.boxed(this.outlines[this.picked].arcs) };
      if (this.canvas._map) this.canvas.refresh();
    }

    bounds(box) {
      const corner = (x, y) => this.map.unproject([x, y], this.topology.zoom);
      return L.latLngBounds(corner(box[0], box[3]), corner(box[2], box[1]));
    }

    fit(animate) {
      const top = document.querySelector('.modes').offsetHeight + 20;
      this.map.fitBounds(this.bounds(this.data.box), {
        paddingTopLeft: [12, top], paddingBottomRight: [12, 12], maxZoom: 13, animate: animate && !planner.calm(),
      });
    }

    prepareMap() {
      const { map } = this;
      map.invalidateSize({ animate: false }); // Leaflet measured a hidden container
      this.fit(false);
      map.setMaxBounds(this.bounds(this.data.box).pad(1));
      map.setMinZoom(Math.floor(map.getZoom()) - 1);
      L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
      L.control.zoom({ position: 'bottomright', zoomInTitle: this.say('zoom_in'), zoomOutTitle: this.say('zoom_out') }).addTo(map);
      const home = make('button', { type: 'button', class: 'map-button', title: this.say('home'), 'aria-label': this.say('home') },
        draw('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' }, draw('path', { d: 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4' })));
      home.addEventListener('click', () => this.fit(true));
      const Control = L.Control.extend({ onAdd: () => { L.DomEvent.disableClickPropagation(home); return home; } });
      new Control({ position: 'bottomright' }).addTo(map);
      const container = map.getContainer();
      container.setAttribute('role', 'application');
      container.setAttribute('aria-label', this.say('map'));
      container.append(make('span', { class: 'aim', 'aria-hidden': 'true' }));
      let width = container.clientWidth;
      new ResizeObserver(() => {
        map.invalidateSize({ pan: false });
        if (container.clientWidth !== width) { width = container.clientWidth; this.fit(false); }
      }).observe(container);
    }

    sectorAt(latlng) {
      const point = this.map.project(latlng, this.topology.zoom);
      return this.topology.find(this.outlines, point.x, point.y);
    }

    watchMap() {
      const { map } = this;
      const container = map.getContainer();
      map.on('click', (event) => this.act(this.sectorAt(event.latlng)));
      container.addEventListener('keydown', (event) => {
        if (event.target !== container) return;
        if (event.key === 'Enter') this.act(this.sectorAt(map.getCenter()));
        if (event.key === 'Escape') this.pick(null);
      });
      const tip = make('div', { class: 'tip', 'aria-hidden': 'true', hidden: '' });
      container.append(tip);
      map.on('mousemove', (event) => {
        if (window.matchMedia('(hover: none)').matches) return;
        const k = this.sectorAt(event.latlng);
        tip.hidden = k < 0;
        if (k < 0) return;
        const { sectors } = this.sheet;
        tip.replaceChildren(...[sectors.nom[k], this.linesOf(k), this.stateWords(k)].map((text) => make('span', {}, text)));
        const { x, y } = event.containerPoint;
        const left = x + 14 + tip.offsetWidth > container.clientWidth ? x - tip.offsetWidth - 10 : x + 14;
        tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(y + 16)}px)`;
      });
      map.on('mouseout dragstart zoomstart', () => { tip.hidden = true; });
    }

    // What a click, or Enter on the map, does to a sector, by the mode chosen; twice undoes it.
    act(k) {
      if (k < 0) { this.pick(null); this.announce(this.say('outside')); return; }
      const mode = document.querySelector('input[name=mode]:checked').value;
      const wish = this.wishes.all[k];
      this.picked = k;
      if (mode === 'show') { this.refresh(); this.announce(`${this.sheet.sectors.nom[k]} : ${this.stateWords(k)}`); return; }
      const can = this.wishes[{ refuse: 'canRefuse', require: 'canRequire' }[mode] || 'canRank'](k);
      if (!can) {
        this.refresh();
        this.announce(this.say('cannot_rank', { nom: this.sheet.sectors.nom[k], why: this.stateWords(k) }));
        return;
      }
      if (mode === 'rank') { if (wish.rank === null) this.wishes.rankLast(k); else this.wishes.rank(k, null); }
      if (mode === 'require') this.wishes.stance(k, wish.stance === 'required' ? null : 'required');
      if (mode === 'refuse') this.wishes.stance(k, wish.stance === 'refused' ? null : 'refused');
      this.changed(k);
    }

    pick(k) {
      this.picked = k;
      this.refresh();
    }

    // ---- what follows a change ---------------------------------------------------------------

    changed(k) {
      this.refresh();
      const values = { used: this.used(), count: this.write.count(this.count.breaches.filter((b) => b.rule !== 'envelope').length) };
      if (k === null) this.announce(this.say('told_all', values));
      else this.announce(this.say('told', { nom: this.sheet.sectors.nom[k], state: this.stateWords(k), ...values }));
    }

    refresh() {
      this.count = planner.countBallot(this.sheet, this.wishes.all);
      this.paint();
      this.writeGauge();
      this.writeBreaches();
      this.writeRanking();
      this.writeTable();
      this.writeCard();
      one('defaire').disabled = !this.wishes.past.length;
      one('effacer').disabled = this.wishes.isEmpty;
    }

    writeGauge() {
      const { count, sheet } = this;
      one('jauge-dit').textContent = this.used();
      one('jauge-reste').textContent = count.left === null ? '' : this.say('left', { left: this.amount(count.left) });
      one('jauge').style.width = `${sheet.granted ? Math.min(100, (100 * count.used) / sheet.granted) : 0}%`;
      one('retenus').textContent = this.write.count(count.taken.filter(Boolean).length);
      one('lignes').textContent = this.write.count(count.lines);
      one('mini-dit').textContent = this.used();
      one('mini-due').textContent = sheet.pays ? this.write.cents(count.net) : '';
      if (!sheet.pays) return;
      one('brut').textContent = this.write.cents(count.gross);
      one('credit').textContent = this.write.cents(count.credit ? -count.credit : 0);
      one('due').textContent = this.write.cents(count.net);
    }

    writeBreaches() {
      const { breaches } = this.count;
      const short = breaches.filter((b) => b.rule === 'envelope').length;
      const items = breaches.filter((b) => b.rule !== 'envelope').map((breach) => {
        const text = this.sentence(breach);
        return make('li', { class: GRAVE.has(breach.rule) ? 'grave' : 'mild', 'data-rule': breach.rule },
          text.charAt(0).toUpperCase() + text.slice(1));
      });
      if (this.sheet.granted === null) items.unshift(make('li', { class: 'mild' }, this.say('no_envelope')));
      if (short) items.push(make('li', { class: 'quiet', 'data-rule': 'envelope' }, this.say('beyond', { count: this.write.count(short) })));
      one('manques').replaceChildren(...(items.length ? items : [make('li', { class: 'fine' }, this.say('nothing_wrong'))]));
    }

    linesOf(k) {
      const lines = this.sheet.sectors.lines[k];
      return this.say(lines < 2 ? 'line' : 'lines', { count: this.write.count(lines) });
    }

    // A small button that acts on a sector and keeps the focus where the reader was.
    small(name, k, sign, words, action) {
      const node = make('button', { type: 'button', class: 'small', 'data-act': `${name}-${k}`, 'aria-label': words, title: words }, sign);
      node.addEventListener('click', () => {
        action();
        this.changed(k);
        const back = document.querySelector(`[data-act='${name}-${k}']`);
        if (back && !back.disabled) back.focus();
        else (one('classement').querySelector('button') || one('defaire')).focus();
      });
      return node;
    }

    entry(k, ...buttons) {
      const { nom } = this.sheet.sectors;
      const state = CLASS[this.count.state[k]];
      const name = make('button', { type: 'button', class: 'link', title: this.say('show', { nom: nom[k] }) }, nom[k]);
      name.addEventListener('click', () => { this.show(k); });
      return [
        make('div', { class: 'entry-words' }, name,
          make('small', { class: `is-${state}` }, `${this.linesOf(k)} · ${this.stateWords(k)}`)),
        make('div', { class: 'entry-acts' }, ...buttons),
      ];
    }

    writeRanking() {
      const { sectors } = this.sheet;
      const groups = this.wishes.groups();
      const items = groups.flatMap((group, at) => group.map((k) => {
        const nom = sectors.nom[k];
        const up = this.small('up', k, '↑', this.say('up', { nom }), () => this.wishes.move(k, -1));
        const down = this.small('down', k, '↓', this.say('down', { nom }), () => this.wishes.move(k, 1));
        const tie = this.small('tie', k, '=', this.say('tie', { nom }), () => this.wishes.tie(k));
        const drop = this.small('drop', k, '×', this.say('drop', { nom }), () => this.wishes.rank(k, null));
        up.disabled = at === 0 && group.length === 1;
        down.disabled = at === groups.length - 1 && group.length === 1;
        tie.disabled = at === 0;
        return make('li', {}, make('span', { class: 'place' }, this.write.count(this.wishes.all[k].rank)),
          ...this.entry(k, up, down, tie, drop));
      }));
      one('classement').replaceChildren(...(items.length ? items : [make('li', { class: 'empty' }, this.say('empty'))]));
      const held = sectors.id.map((_, k) => k).filter((k) => this.wishes.all[k].stance !== null)
        .map((k) => make('li', {}, make('span', { class: 'place', 'aria-hidden': 'true' }, this.wishes.all[k].stance === 'required' ? '★' : '✕'),
          ...this.entry(k, this.small('free', k, '×', this.say('drop', { nom: sectors.nom[k] }), () => this.wishes.stance(k, null)))));
      one('positions').replaceChildren(...(held.length ? held : [make('li', { class: 'empty' }, this.say('no_stance'))]));
    }

    show(k) {
      const { sectors } = this.sheet;
      this.picked = k;
      this.refresh();
      const at = this.map.unproject([sectors.x[k], sectors.y[k]], this.topology.zoom);
      if (!this.map.getBounds().pad(-0.1).contains(at)) this.map.panTo(at, { animate: !planner.calm() });
      one('fiche').focus();
    }

    writeCard() {
      const card = one('fiche');
      const k = this.picked;
      card.hidden = k === null;
      if (k === null) { card.replaceChildren(); return; }
      const { sectors } = this.sheet;
      const wish = this.wishes.all[k];
      const rows = [
        [this.say('yours'), this.write.count(sectors.lines[k])],
        this.sheet.pays ? [this.say('price'), this.write.cents(sectors.lines[k] * this.sheet.centsPerLine)] : null,
        sectors.shared[k].length ? [this.say('shared'), sectors.shared[k].map(([nom, lines]) => `${nom} (${this.write.count(lines)})`).join(', ')] : null,
        [this.say('result'), this.stateWords(k)],
        this.sheet.contiguity && this.wishes.canRequire(k) ? [this.say('linked'), this.linkWords(k)] : null,
      ].filter(Boolean);
      const act = (name, words, action) => {
        const node = make('button', { type: 'button', class: 'action', 'data-act': `card-${name}` }, words);
        node.addEventListener('click', () => {
          action();
          this.changed(k);
          (document.querySelector(`[data-act='card-${name}']`) || one('fiche')).focus();
        });
        return node;
      };
      const acts = [];
      if (this.wishes.canRank(k)) {
        acts.push(wish.rank === null
          ? act('rank', this.say('rank_it', { rank: this.write.count(this.wishes.next) }), () => this.wishes.rankLast(k))
          : act('rank', this.say('unrank'), () => this.wishes.rank(k, null)));
      }
      if (this.wishes.canRequire(k)) {
        acts.push(act('require', this.say(wish.stance === 'required' ? 'unrequire' : 'require'),
          () => this.wishes.stance(k, wish.stance === 'required' ? null : 'required')));
      }
      if (this.wishes.canRefuse(k)) {
        acts.push(act('refuse', this.say(wish.stance === 'refused' ? 'unrefuse' : 'refuse'),
          () => this.wishes.stance(k, wish.stance === 'refused' ? null : 'refused')));
      }
      const close = make('button', { type: 'button', class: 'close', 'aria-label': this.say('close'), title: this.say('close') }, '×');
      close.addEventListener('click', () => { this.pick(null); this.map.getContainer().focus(); });
      card.replaceChildren(
        make('p', { class: 'card-kind' }, `${sectors.commune[k]} · ${sectors.id[k]}`), make('h3', {}, sectors.nom[k]), close,
        make('dl', { class: 'rows' }, ...rows.map(([term, words]) => make('div', {}, make('dt', {}, term), make('dd', {}, words)))),
        make('div', { class: 'edits' }, ...acts));
    }

    linkWords(k) {
      const { sectors } = this.sheet;
      if (this.count.starts[k]) return this.say('touches');
      const names = sectors.neighbours[k].map((other) => sectors.nom[other]);
      return names.length ? this.say('through', { names: names.join(', ') }) : this.say('alone');
    }

    // ---- table -------------------------------------------------------------------------------

    watchTable() {
      this.rows = [...document.querySelectorAll('#secteurs tbody tr')].map((row) => ({
        row, k: Number(row.dataset.sector), rank: row.querySelector('.rank'), stance: row.querySelector('.stance'),
        state: row.querySelector('.state'), nom: row.querySelector('.nom'),
      }));
      for (const { row, k, rank, stance, nom } of this.rows) {
        const link = make('button', { type: 'button', class: 'link' }, nom.textContent);
        link.addEventListener('click', () => { this.show(k); one('carte').scrollIntoView(); });
        nom.replaceChildren(link);
        if (rank) rank.addEventListener('change', () => {
          const value = Number(rank.value);
          if (rank.value !== '' && !(Number.isInteger(value) && value >= 1)) { this.writeTable(); return; }
          this.wishes.rank(k, rank.value === '' ? null : value);
          this.changed(k);
        });
        if (stance) stance.addEventListener('change', () => { this.wishes.stance(k, stance.value || null); this.changed(k); });
        row.dataset.key = planner.fold(`${nom.textContent} ${row.cells[1].textContent} ${this.sheet.sectors.id[k]}`);
      }
      one('chercher').addEventListener('input', (event) => {
        const words = planner.fold(event.target.value).split(' ');
        for (const { row } of this.rows) row.hidden = !words.every((word) => row.dataset.key.includes(word));
      });
    }

    writeTable() {
      for (const { row, k, rank, stance, state } of this.rows) {
        const wish = this.wishes.all[k];
        if (rank) rank.value = wish.rank === null ? '' : String(wish.rank);
        if (stance) stance.value = wish.stance || '';
        state.textContent = this.stateWords(k);
        state.className = `state is-${CLASS[this.count.state[k]]}`;
        row.classList.toggle('picked', k === this.picked);
      }
    }

    // ---- files -------------------------------------------------------------------------------

    get isUnsaved() {
      return JSON.stringify(this.wishes.rows()) !== this.saved;
    }

    ballot() {
      const { sheet, count } = this;
      return {
        format: this.data.format, edition: this.data.edition, epci_siren: sheet.actor, epci: sheet.nom,
        contact: one('contact').value.trim(), scenario: sheet.scenario, version: sheet.version,
        sectors_sha256: sheet.sectorsSha, rules_sha256: sheet.rulesSha, signature: sheet.signature,
        wishes: this.wishes.rows(),
        comes_to: {
          taken: sheet.sectors.id.filter((_, k) => count.taken[k]), lines: count.lines, used: count.used,
          left: count.left, gross_cents: count.gross, credit_cents: count.credit, net_cents: count.net,
          broken: count.breaches.map((b) => ({ rule: b.rule, place: b.place, excess: b.excess })),
        },
      };
    }

    save() {
      const file = `vote-${this.sheet.actor}.json`;
      const link = make('a', { download: file });
      link.href = URL.createObjectURL(new Blob([`${JSON.stringify(this.ballot(), null, 1)}\n`], { type: 'application/json' }));
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      this.saved = JSON.stringify(this.wishes.rows());
      const trouble = this.count.breaches.some((b) => GRAVE.has(b.rule));
      this.tell(this.say(trouble ? 'saved_trouble' : 'saved', { file }));
    }

    tell(text) {
      one('fait').textContent = text;
    }

    async reopen(file) {
      const name = file.name;
      let values = null;
      try {
        values = JSON.parse(await file.text());
      } catch (error) {
        values = null;
      }
      if (!values || values.format !== this.data.format || values.edition !== this.data.edition || !this.isBallot(values.wishes)) {
        this.tell(this.say('not_ballot', { file: name }));
        return;
      }
      if (values.epci_siren !== this.sheet.actor) {
        this.tell(this.say('other_epci', { file: name, actor: String(values.epci_siren) }));
        return;
      }
      if (values.sectors_sha256 !== this.sheet.sectorsSha) {
        this.tell(this.say('other_sectors', { file: name, made: String(values.signature).slice(0, 8) }));
        return;
      }
      this.wishes.load(values.wishes);
      one('contact').value = typeof values.contact === 'string' ? values.contact : '';
      const same = values.signature === this.sheet.signature;
      if (same) this.saved = JSON.stringify(this.wishes.rows());
      this.tell(this.say(same ? 'opened' : 'opened_rules', { file: name, count: this.write.count(this.wishes.rows().length) }));
      this.changed(null);
    }

    isBallot(rows) {
      return Array.isArray(rows) && rows.every((row) => row && typeof row.sector_id === 'string'
        && (row.rank === null || (Number.isInteger(row.rank) && row.rank >= 1))
        && [null, 'required', 'refused'].includes(row.stance));
    }

    watchButtons() {
      one('defaire').addEventListener('click', () => { this.wishes.undo(); this.changed(null); });
      one('effacer').addEventListener('click', () => { this.wishes.clear(); this.changed(null); one('defaire').focus(); });
      one('sauver').addEventListener('click', () => this.save());
      one('imprimer').addEventListener('click', () => window.print());
      one('rouvrir').addEventListener('change', async (event) => {
        if (event.target.files.length) await this.reopen(event.target.files[0]);
        event.target.value = '';
      });
      const known = one('connu');
      known.hidden = !this.data.known.length && !this.data.unsaid.length;
      known.addEventListener('click', () => {
        this.wishes.load(this.data.known);
        this.changed(null);
        if (this.data.unsaid.length) this.tell(this.say('unsaid', { sectors: this.data.unsaid.join(', ') }));
        one('carte').scrollIntoView();
      });
    }

    // The map of the printed page, whatever the screen shows.
    drawPaper() {
      const canvas = one('papier');
      const [wide, high, ratio] = [1000, 620, 2];
      canvas.width = wide * ratio;
      canvas.height = high * ratio;
      const [west, north, east, south] = this.data.box;
      const zoom = this.topology.zoom + Math.log2(Math.min((wide - 40) / (east - west), (high - 40) / (south - north)));
      const scale = 2 ** (zoom - this.topology.zoom);
      const origin = L.point(((west + east) / 2) * scale - wide / 2, ((north + south) / 2) * scale - high / 2);
      this.canvas.draw(canvas.getContext('2d'), { zoom, origin, size: L.point(wide, high), ratio });
    }
  }

  planner.start = function (map) {
    let data = null;
    try {
      data = JSON.parse(one('donnees').textContent);
      planner.page = new Bulletin(map, data);
      planner.page.start();
      document.documentElement.classList.add('ready');
    } catch (error) {
      document.documentElement.classList.remove('js');
      if (data) one('annonce').textContent = data.texts.ui_failed;
      throw error;
    }
  };
})();
