// The page: themes, legend, search, cards and table, from the data block and nothing else.
// Whatever a person reads is written with textContent.
'use strict';

(function () {
  planner.FONT = '"Source Sans 3 Variable", system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  const SVG = 'http://www.w3.org/2000/svg';
  const SHOWN_RESULTS = 12;
  const FIGURES = ['premises', 'premisesMax', 'serviceable', 'rate', 'private', 'phase1', 'phase2',
    'phase3', 'unassigned', 'synthetic'];
  const SPLIT = ['phase1', 'phase2', 'phase3', 'private', 'unassigned'];

  const one = (id) => document.getElementById(id);

  function make(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  // Lower case, without accents; "st" and "ste" are "saint" and "sainte".
  function fold(text) {
    return text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase()
      .replace(/œ/g, 'oe').replace(/æ/g, 'ae').replace(/[^a-z0-9]+/g, ' ').trim().split(' ')
      .map((word) => ({ st: 'saint', ste: 'sainte' }[word] || word)).join(' ');
  }
  planner.fold = fold;

  function makeWriter(lang, texts) {
    const french = lang !== 'en';
    const number = (value, decimals) => {
      const [whole, part] = Math.abs(value).toFixed(decimals || 0).split('.');
      const groups = whole.replace(/\B(?=(\d{3})+$)/g, french ? '\u202f' : ',');
      const sign = value < 0 ? (french ? '\u2212' : '-') : '';
      return sign + groups + (part ? (french ? ',' : '.') + part : '');
    };
    return {
      say: (key, values) => texts[key].replace(/\{(\w+)\}/g, (_, name) => values[name]),
      count: (value) => number(value),
      share: (value) => number(100 * value, 1) + (french ? '\u202f%' : '%'),
      cents: (value) => {
        const amount = number(value / 100, value % 100 ? 2 : 0);
        return french ? amount + '\u202f€' : '€' + amount;
      },
    };
  }

  class Page {
    constructor(map, data) {
      this.map = map;
      this.data = data;
      this.write = makeWriter(data.lang, data.texts);
      this.topology = new planner.Topology(data.topology);
      this.picked = null;
    }

    start() {
      document.documentElement.classList.add('js');
      this.placeAreas();
      this.makeScene();
      this.canvas = new planner.Canvas(this.topology, this.scene);
      this.prepareMap();
      this.canvas.addTo(this.map);
      this.watchMap();
      this.watchLegend();
      this.makeSearch();
      this.makeTable();
      this.makeSheet();
    }

    // Decode every premise while the areas are already on the screen.
    async placePremises() {
      for (const block of this.data.premises) await this.scene.premises.add(block);
      this.canvas.refresh();
      await document.fonts.ready;
      this.canvas.refresh();
    }

    // How a premise is painted under the present theme: a few styles, made once each.
    makePaint() {
      const theme = this.data.themes[this.theme];
      const states = this.data.themes.find((t) => t.key === 'state') || null;
      const { codes, shapes } = this.data.states;
      const made = new Map();
      const style = (entry, shape, rank) => {
        const key = `${entry.fill}${shape}${rank}`;
        if (!made.has(key)) {
          const ink = [1, 3, 5].map((at) => parseInt(entry.fill.slice(at, at + 2), 16));
          made.set(key, { ink: [...ink, 255], shape, rank });
        }
        return made.get(key);
      };
      if (theme.byState && states) {
        const unknown = states.classes.length - 1;
        const place = codes.map((code) => states.classes.findIndex((entry) => entry.key === code));
        return (area, phase, state) => {
          const k = state < 0 ? unknown : place[state];
          return style(states.classes[k], shapes[states.classes[k].key], unknown - k);
        };
      }
      const { phaseCodes, phases } = this.data;
      return (area, phase) => {
        const position = area >> 1;
        if (theme.key === 'phase') return style(phases[phase < 0 ? phases.length - 1 : phaseCodes[phase]], 'disc', 0);
        const k = area & 1 || !theme.sector.length ? theme.commune[position] : theme.sector[position];
        return style(theme.classes[k], 'disc', 0);
      };
    }

    say(key, values) {
      return this.write.say(key, values || {});
    }

    // ---- areas -------------------------------------------------------------------------------

    placeAreas() {
      const { data, topology } = this;
      const sectors = data.sectors;
      const communes = topology.labels.commune;
      const faces = {
        commune: communes,
        epci: topology.compose('commune', data.communes.epci),
        departement: topology.compose('commune', data.communes.departement),
      };
      if (topology.labels.sector) {
        faces.sector = topology.labels.sector;
        faces.zone = topology.compose('sector', sectors.zone);
      }
      this.faces = faces;
      const counts = {
        commune: data.communes.code.length, epci: data.epci.code.length,
        departement: data.departements.code.length, sector: sectors.code.length,
        zone: data.zones.code.length,
      };
      this.outlines = {};
      for (const kind of Object.keys(faces)) {
        this.outlines[kind] = topology.outlines(faces[kind], counts[kind]);
      }
    }

    // Rings of an area with their boxes.
    rings(kind, position) {
      return this.boxed(this.outlines[kind][position].arcs);
    }

    boxed(signed) {
      const boxes = this.topology.boxes;
      return this.topology.rings(signed).map((arcs) => {
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

    // ---- what is drawn -----------------------------------------------------------------------

    makeScene() {
      const { data, topology } = this;
      const coast = topology.borders(topology.labels.commune.map((c) => (c < 0 ? -1 : 0)));
      const arcs = { coast };
      for (const kind of Object.keys(this.faces)) arcs[kind] = topology.borders(this.faces[kind]);
      this.scene = {
        classes: [],
        lines: data.styles.lines.filter((style) => arcs[style.key] && arcs[style.key].length)
          .map((style) => ({ style, arcs: arcs[style.key], shown: true })),
        names: this.makeNames(),
        picked: null,
        premises: new planner.Premises(),
        areaShare: 0.3,
      };
      this.setTheme(0);
    }

    setTheme(position) {
      const theme = this.data.themes[position];
      const { topology } = this;
      const sector = topology.labels.sector;
      const faces = topology.labels.commune.map((commune, face) => {
        if (sector && theme.sector.length && sector[face] >= 0) return theme.sector[sector[face]];
        return commune < 0 ? -1 : theme.commune[commune];
      });
      this.theme = position;
      this.scene.classes = topology.outlines(faces, theme.classes.length).map((area, k) => ({
        style: theme.classes[k], rings: this.boxed(area.arcs), shown: true,
      }));
      this.scene.paint = this.makePaint();
    }

    makeNames() {
      const { data, map } = this;
      const { communes } = data;
      const town = data.styles.town;
      const names = data.villes.map((ville) => ({
        x: communes.x[ville.commune], y: communes.y[ville.commune], text: ville.nom, fromZoom: 0,
        weight: 700, size: 13, color: '#5c0f2e', mark: town, layer: 'town',
      }));
      const marked = new Set(data.villes.map((ville) => ville.commune));
      const order = communes.population.map((_, i) => i).filter((i) => !marked.has(i))
        .sort((a, b) => communes.population[b] - communes.population[a] || a - b);
      order.forEach((i, rank) => {
        const big = rank < 8;
        names.push({
          x: communes.x[i], y: communes.y[i], text: communes.nom[i],
          fromZoom: big ? 6.5 : rank < 30 ? 8.5 : rank < 120 ? 9.5 : rank < 400 ? 10.25 : 11,
          weight: big ? 700 : 500, size: big ? 13 : 12, color: '#11161d',
        });
      });
      return names;
    }

    // ---- the map -----------------------------------------------------------------------------

    prepareMap() {
      const { map, topology } = this;
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (let i = 0; i < topology.points.length; i += 2) {
        box[0] = Math.min(box[0], topology.points[i]);
        box[1] = Math.min(box[1], topology.points[i + 1]);
        box[2] = Math.max(box[2], topology.points[i]);
        box[3] = Math.max(box[3], topology.points[i + 1]);
      }
      this.whole = box;
      this.fillScreen();
      map.invalidateSize({ animate: false }); // Leaflet measured a hidden container
      this.fit(box, false);
      map.setMaxBounds(this.bounds(box).pad(2));
      L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
      L.control.zoom({
        position: 'topleft', zoomInTitle: this.say('zoom_in'), zoomOutTitle: this.say('zoom_out'),
      }).addTo(map);
      const home = make('button', { type: 'button', class: 'home', title: this.say('home'), 'aria-label': this.say('home') });
      const icon = document.createElementNS(SVG, 'svg');
      icon.setAttribute('viewBox', '0 0 20 20');
      icon.setAttribute('aria-hidden', 'true');
      const path = document.createElementNS(SVG, 'path');
      path.setAttribute('d', 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4');
      icon.append(path);
      home.append(icon);
      home.addEventListener('click', () => { this.close(); this.fit(this.whole, true); });
      const Home = L.Control.extend({ onAdd: () => { L.DomEvent.disableClickPropagation(home); return home; } });
      new Home({ position: 'topleft' }).addTo(map);
      const container = map.getContainer();
      container.setAttribute('role', 'application');
      container.setAttribute('aria-label', this.say('map'));
      container.append(make('span', { class: 'aim', 'aria-hidden': 'true' }));
      window.addEventListener('resize', () => this.fillScreen());
      new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(container);
    }

    // The map takes what the head of the page leaves of the first screen.
    fillScreen() {
      const stage = document.querySelector('.stage');
      const top = stage.getBoundingClientRect().top + window.scrollY;
      stage.style.height = `${Math.max(this.narrow() ? 440 : 520, window.innerHeight - top)}px`;
    }

    bounds(box) {
      const corner = (x, y) => this.map.unproject([x, y], this.topology.zoom);
      return L.latLngBounds(corner(box[0], box[3]), corner(box[2], box[1]));
    }

    fit(box, animate) {
      const covered = this.narrow() ? one('panneau').offsetHeight : 0;
      this.map.fitBounds(this.bounds(box), {
        paddingTopLeft: [16, 16], paddingBottomRight: [16, covered + 16], maxZoom: 13, animate,
      });
    }

    narrow() {
      return window.matchMedia('(max-width: 899px)').matches;
    }

    place(latlng) {
      const point = this.map.project(latlng, this.topology.zoom);
      return {
        sector: this.outlines.sector ? this.topology.find(this.outlines.sector, point.x, point.y) : -1,
        commune: this.topology.find(this.outlines.commune, point.x, point.y),
      };
    }

    watchMap() {
      const { map } = this;
      map.on('click', (event) => this.openAt(event.latlng));
      map.getContainer().addEventListener('keydown', (event) => {
        if (event.target !== map.getContainer()) return;
        if (event.key === 'Enter') this.openAt(map.getCenter());
        if (event.key === 'Escape') this.close();
      });
      const tip = make('div', { class: 'tip', 'aria-hidden': 'true', hidden: '' });
      map.getContainer().append(tip);
      map.on('mousemove', (event) => {
        if (window.matchMedia('(hover: none)').matches) return;
        const at = this.place(event.latlng);
        if (at.commune < 0 && at.sector < 0) { tip.hidden = true; return; }
        const lines = [at.commune >= 0 ? this.data.communes.nom[at.commune] : null, this.classOf(at)];
        tip.replaceChildren(...lines.filter(Boolean).map((line) => make('span', {}, line)));
        const point = event.containerPoint;
        tip.style.transform = `translate(${Math.round(point.x + 14)}px, ${Math.round(point.y + 16)}px)`;
        tip.hidden = false;
      });
      map.on('mouseout dragstart zoomstart', () => { tip.hidden = true; });
    }

    // What the present theme says of a place.
    classOf(at) {
      const theme = this.data.themes[this.theme];
      if (theme.sector.length && at.sector >= 0) return theme.classes[theme.sector[at.sector]].label;
      return at.commune >= 0 ? theme.classes[theme.commune[at.commune]].label : null;
    }

    openAt(latlng) {
      const at = this.place(latlng);
      const sectors = this.data.themes[this.theme].sector.length > 0;
      if (sectors && at.sector >= 0) this.open('sector', at.sector, { from: at });
      else if (at.commune >= 0) this.open('commune', at.commune, { from: at });
      else { this.close(); this.announce(this.say('outside')); }
    }

    // ---- legend ------------------------------------------------------------------------------

    watchLegend() {
      const boxes = [...document.querySelectorAll('.classes')];
      document.addEventListener('change', (event) => {
        const input = event.target;
        if (input.name === 'theme') {
          const position = Number(input.value);
          this.setTheme(position);
          boxes.forEach((box, k) => { box.hidden = k !== position; });
          boxes[position].querySelectorAll('input').forEach((other) => this.showClass(other));
        } else if (input.name === 'class') this.showClass(input);
        else if (input.name === 'layer') {
          for (const line of this.scene.lines) if (line.style.key === input.value) line.shown = input.checked;
          for (const name of this.scene.names) if (name.layer === input.value) name.shown = input.checked;
        } else return;
        this.canvas.refresh();
      });
    }

    showClass(input) {
      this.scene.classes[Number(input.value)].shown = input.checked;
    }

    // ---- search ------------------------------------------------------------------------------

    makeSearch() {
      const { data } = this;
      const entries = [];
      const add = (kind, table, about) => table.nom.forEach((nom, position) => {
        entries.push({ kind, position, nom, about: about(position), key: fold(nom), code: fold(table.code[position]) });
      });
      const epci = (position) => (position >= 0 ? data.epci.nom[position] : '');
      const villes = new Set(data.villes.map((ville) => ville.commune));
      add('commune', data.communes, (i) => [
        this.say(villes.has(i) ? 'ville' : 'commune'), epci(data.communes.epci[i]),
      ].filter(Boolean).join(' · '));
      add('epci', data.epci, () => this.say('epci'));
      add('departement', data.departements, () => this.say('departement'));
      add('zone', data.zones, () => this.say('zone'));
      add('sector', data.sectors, (i) => `${this.say('sector')} ${data.sectors.code[i]}`);
      this.entries = entries;
      this.order = { commune: 0, departement: 1, epci: 2, zone: 3, sector: 4 };
      const input = one('recherche');
      const list = one('resultats');
      let active = -1;
      const show = (found) => {
        active = -1;
        input.removeAttribute('aria-activedescendant');
        list.replaceChildren(...found.shown.map((entry, k) => {
          const item = make('li', { role: 'option', id: `resultat-${k}`, 'aria-selected': 'false' },
            make('span', { class: 'result-nom' }, entry.nom), make('span', { class: 'result-about' }, entry.about));
          item.addEventListener('mousedown', (event) => { event.preventDefault(); choose(entry); });
          return item;
        }));
        const open = found.shown.length > 0;
        list.hidden = !open;
        input.setAttribute('aria-expanded', String(open));
        this.found = found.shown;
      };
      const choose = (entry) => {
        show({ shown: [] });
        input.value = entry.nom;
        this.open(entry.kind, entry.position, { move: true });
      };
      const move = (step) => {
        const items = [...list.children];
        if (!items.length) return;
        active = (active + step + items.length) % items.length;
        items.forEach((item, k) => item.setAttribute('aria-selected', String(k === active)));
        items[active].scrollIntoView({ block: 'nearest' });
        input.setAttribute('aria-activedescendant', items[active].id);
      };
      input.addEventListener('input', () => {
        const found = this.search(input.value);
        show(found);
        if (fold(input.value)) this.announce(this.countWords(found));
      });
      input.addEventListener('keydown', (event) => {
        if (event.key === 'ArrowDown') move(1);
        else if (event.key === 'ArrowUp') move(-1);
        else if (event.key === 'Escape') { show({ shown: [] }); return; }
        else if (event.key === 'Enter') {
          const entry = this.found && this.found[Math.max(active, 0)];
          if (entry) choose(entry);
        } else return;
        event.preventDefault();
      });
      input.addEventListener('blur', () => show({ shown: [] }));
    }

    countWords(found) {
      if (!found.count) return this.say('no_result');
      const words = found.count === 1 ? this.say('result') : this.say('results', { count: this.write.count(found.shown.length) });
      const left = found.count - found.shown.length;
      return left ? `${words}, ${this.say('more_results', { count: this.write.count(left) })}` : words;
    }

    // Every word of the query must begin a word of the name, or the query begin the code.
    search(text) {
      const query = fold(text);
      if (!query) return { shown: [], count: 0 };
      const words = query.split(' ');
      const scored = [];
      for (const entry of this.entries) {
        const parts = entry.key.split(' ');
        const named = words.every((word) => parts.some((part) => part.startsWith(word)));
        if (!named && !entry.code.startsWith(query)) continue;
        const score = entry.key === query || entry.code === query ? 0 : entry.key.startsWith(query) ? 1 : 2;
        scored.push([score, this.order[entry.kind], entry]);
      }
      scored.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2].key.localeCompare(b[2].key) || a[2].position - b[2].position);
      return { shown: scored.slice(0, SHOWN_RESULTS).map((row) => row[2]), count: scored.length };
    }

    announce(text) {
      one('annonce').textContent = text;
    }

    // ---- cards -------------------------------------------------------------------------------

    open(kind, position, how) {
      const options = how || {};
      const card = one('fiche');
      const content = this[`${kind}Card`](position, options.from || null);
      const close = make('button', { type: 'button', class: 'close', 'aria-label': this.say('close'), title: this.say('close') }, '×');
      close.addEventListener('click', () => { this.close(); this.map.getContainer().focus({ preventScroll: true }); });
      const heading = make('h3', { id: 'fiche-titre' }, content.title);
      card.replaceChildren(make('p', { class: 'card-kind' }, content.kind), heading, close, ...content.body);
      card.setAttribute('role', 'region');
      card.setAttribute('aria-labelledby', 'fiche-titre');
      card.hidden = false;
      one('region').hidden = true;
      this.picked = { kind, position };
      const outline = this.outlines[kind] && this.outlines[kind][position];
      this.scene.picked = outline && outline.arcs.length ? { rings: this.rings(kind, position) } : null;
      this.sheet(true);
      one('corps').scrollTop = 0;
      if (options.move && this.scene.picked) this.fit(outline.box, true);
      this.canvas.refresh();
      if (options.focus) card.focus({ preventScroll: true });
      this.announce(this.say('opened', { name: content.title }));
    }

    close() {
      this.picked = null;
      this.scene.picked = null;
      one('fiche').hidden = true;
      one('region').hidden = false;
      this.sheet(false);
      this.canvas.refresh();
    }

    row(label, value) {
      if (value === null || value === undefined || value === '') return null;
      return make('div', {}, make('dt', {}, label), make('dd', {}, value));
    }

    rows(...rows) {
      const kept = rows.filter(Boolean);
      return kept.length ? make('dl', { class: 'rows' }, ...kept) : null;
    }

    link(kind, position, text) {
      const button = make('button', { type: 'button', class: 'link' }, text);
      button.addEventListener('click', () => this.open(kind, position, { move: true, focus: true }));
      return button;
    }

    figures(row) {
      if (!row) return null;
      return Object.fromEntries(FIGURES.map((name, k) => [name, row[k]]));
    }

    premisesWords(figures) {
      const min = this.write.count(figures.premises);
      if (figures.premisesMax === null) return this.say('premises_from', { min });
      if (figures.premisesMax === figures.premises) return min;
      return this.say('premises_range', { min, max: this.write.count(figures.premisesMax) });
    }

    known(value, writer) {
      return value === null || value === undefined ? this.say('unknown') : writer(value);
    }

    // Premises, coverage and the bar of phases, the same on every card.
    coverage(figures) {
      if (!figures) return [];
      const big = make('dl', { class: 'big' },
        this.row(this.say('premises'), this.premisesWords(figures)),
        this.row(this.say('serviceable'), this.known(figures.serviceable, this.write.count)),
        this.row(this.say('rate'), this.known(figures.rate, this.write.share)));
      const whole = SPLIT.reduce((sum, name) => sum + (figures[name] || 0), 0);
      const items = SPLIT.map((name, k) => [figures[name], this.data.phases[k]]).filter(([count]) => count)
        .map(([count, phase], _, all) => make('li', {}, this.swatch(phase),
          make('span', { class: 'split-label' }, phase.label),
          make('span', { class: 'split-count' }, this.write.count(count)),
          make('span', { class: 'split-share' }, all.length > 1 ? this.write.share(count / whole) : '')));
      if (!items.length) return [big];
      return [big, make('h4', {}, this.say('by_phase')), make('ul', { class: 'split' }, ...items)];
    }

    swatch(phase) {
      const svg = document.createElementNS(SVG, 'svg');
      const rect = document.createElementNS(SVG, 'rect');
      for (const [name, value] of [['class', 'swatch'], ['width', 34], ['height', 22], ['viewBox', '0 0 34 22'], ['aria-hidden', 'true']]) svg.setAttribute(name, value);
      for (const [name, value] of [['x', 1], ['y', 1], ['width', 32], ['height', 20], ['rx', 3], ['fill', `url(#p-phase-${phase.key})`], ['stroke', phase.ink], ['stroke-width', 1.5]]) rect.setAttribute(name, value);
      svg.append(rect);
      return svg;
    }

    synthetic(flag) {
      return flag ? make('p', { class: 'made-up' }, this.say('synthetic')) : null;
    }

    epciLink(position) {
      return position >= 0 ? this.link('epci', position, this.data.epci.nom[position]) : null;
    }

    owed(rows, note) {
      if (!rows.length) return [];
      const items = rows.map(([epci, lines, net]) => this.row(this.data.epci.nom[epci],
        this.say('due_row', { lines: this.write.count(lines), net: this.write.cents(net) })));
      const title = note ? `${this.say('due')} (${note})` : this.say('due');
      return [make('h4', {}, title), make('dl', { class: 'rows' }, ...items)];
    }

    quarterWords(quarter) {
      if (!quarter) return null;
      const [year, rank] = quarter.split('-T');
      return this.say(rank === '1' ? 'quarter_first' : 'quarter_is', { quarter: rank, year });
    }

    communeCard(i) {
      const { communes, departements } = this.data;
      const figures = this.figures(communes.figures[i]);
      const ville = this.data.villes.find((row) => row.commune === i);
      const sectors = this.sectorsOf('commune', i);
      const due = communes.epci[i] >= 0 ? this.data.epci.net_cents[communes.epci[i]] : null;
      return {
        kind: this.say(ville ? 'ville' : 'commune'),
        title: communes.nom[i],
        body: [
          ...this.coverage(figures),
          this.rows(
            this.row(this.say('epci'), this.epciLink(communes.epci[i])),
            this.row(this.say('departement'), communes.departement[i] >= 0 ? departements.nom[communes.departement[i]] : null),
            this.row(this.say('regulatory'), communes.regulatoryLabels[communes.regulatory[i]]),
            this.row(this.say('epci_due'), due === null || due === undefined ? null : this.write.cents(due)),
            this.row(this.say('tranche'), ville ? this.write.count(ville.tranche) : null),
            this.row(this.say('population'), this.write.count(communes.population[i])),
            this.row(this.say('code'), communes.code[i])),
          ...this.sectorList(this.say('sectors'), sectors),
          this.synthetic(figures && figures.synthetic),
        ],
      };
    }

    sectorsOf(kind, position) {
      const of = this.topology.labels.sector;
      if (!of) return [];
      const found = new Set();
      this.faces[kind].forEach((area, face) => { if (area === position && of[face] >= 0) found.add(of[face]); });
      return [...found].sort((a, b) => a - b);
    }

    sectorList(title, sectors) {
      if (!sectors.length) return [];
      const { sectors: table, phases } = this.data;
      const items = sectors.map((s) => make('li', {}, this.swatch(phases[table.phase[s]]),
        this.link('sector', s, table.nom[s]),
        make('span', { class: 'split-share' },
          [phases[table.phase[s]].label, (table.quarter[s] || '').split('-')[0]].filter(Boolean).join(' · '))));
      return [make('h4', {}, title), make('ul', { class: 'split places' }, ...items)];
    }

    sectorCard(i, from) {
      const t = this.data.sectors;
      const figures = this.figures(t.figures[i]);
      const commune = from && from.commune >= 0 ? from.commune : t.commune[i];
      const zone = t.zone[i];
      const phase = this.data.phases[t.phase[i]];
      const owed = t.owed[i].length || zone < 0 ? t.owed[i] : this.data.zones.owed[zone];
      const note = t.owed[i].length || zone < 0 ? '' : this.say('due_zone');
      const tag = make('p', { class: 'phase-tag' }, this.swatch(phase), make('strong', {}, phase.label),
        t.tranche[i] === null ? null : ` · ${this.say('tranche').toLowerCase()} ${t.tranche[i]}`);
      const cost = t.cost[i] === null ? null : this.say('cost_is', {
        cost: this.write.cents(t.cost[i]), unit: this.write.cents(t.unitCost[i]) });
      return {
        kind: `${this.say('sector')} ${t.code[i]}`,
        title: t.nom[i],
        body: [
          tag,
          this.rows(
            this.row(this.say('decision'), t.decision[i] >= 0 ? t.decisionLabels[t.decision[i]] : null),
            this.row(this.say('reason'), t.reason[i] >= 0 ? t.reasons[t.reason[i]] : null),
            this.row(this.say('quarter'), this.quarterWords(t.quarter[i])),
            this.row(this.say('cost'), cost)),
          ...(figures ? this.coverage(figures).slice(0, 1) : [this.rows(this.row(this.say('premises'), this.write.count(t.premises[i])))]),
          this.rows(
            this.row(this.say(from ? 'here' : 'commune'), commune >= 0 ? this.link('commune', commune, this.data.communes.nom[commune]) : null),
            this.row(this.say('epci'), this.epciLink(t.epci[i])),
            this.row(this.say('zone'), zone >= 0 ? this.link('zone', zone, this.data.zones.nom[zone]) : null),
            this.row(this.say('area'), t.areaLabels[t.area[i]]),
            this.row(this.say('decider'), t.decider[i]),
            this.row(this.say('rank'), t.rank[i])),
          ...this.owed(owed, note),
          this.synthetic(t.synthetic[i]),
        ],
      };
    }

    zoneCard(i) {
      const t = this.data.zones;
      const figures = this.figures(t.figures[i]);
      const phase = this.data.phases[t.phase[i]];
      const sectors = this.data.sectors.zone.map((zone, s) => (zone === i ? s : -1)).filter((s) => s >= 0);
      return {
        kind: this.say('zone'),
        title: t.nom[i],
        body: [
          make('p', { class: 'phase-tag' }, this.swatch(phase), make('strong', {}, phase.label),
            t.tranche[i] === null ? null : ` · ${this.say('tranche').toLowerCase()} ${t.tranche[i]}`),
          ...(figures ? this.coverage(figures).slice(0, 1) : [this.rows(this.row(this.say('premises'), this.write.count(t.premises[i])))]),
          this.rows(this.row(this.say('nature'), t.kindLabels[t.kind[i]]),
            this.row(this.say('sectors_count'), this.write.count(sectors.length))),
          ...this.owed(t.owed[i], ''),
          ...this.sectorList(this.say('zone_sectors'), sectors),
          this.synthetic(t.synthetic[i]),
        ],
      };
    }

    epciCard(i) {
      const t = this.data.epci;
      const figures = this.figures(t.figures[i]);
      const amount = (value) => {
        if (value === null) return null;
        return t.unit[i] === 'eur' ? this.write.cents(value) : this.write.count(value);
      };
      const used = t.used[i] !== null && t.granted[i]
        ? `${amount(t.used[i])} (${this.write.share(t.used[i] / t.granted[i])})` : null;
      const cents = (value) => (value === null ? null : this.write.cents(value));
      return {
        kind: `${this.say('epci')} · ${t.nature[i]}`,
        title: t.nom[i],
        body: [
          ...this.coverage(figures),
          this.rows(
            this.row(this.say('vote'), t.vote[i]),
            this.row(this.say('envelope'), amount(t.granted[i])),
            this.row(this.say('used'), used),
            this.row(this.say('gross'), cents(t.gross_cents[i])),
            this.row(this.say('credit'), t.credit_cents[i] ? cents(t.credit_cents[i]) : null),
            this.row(this.say('due'), cents(t.net_cents[i])),
            this.row(this.say('code'), t.code[i])),
          t.beyond[i] ? make('p', { class: 'note' }, this.say('beyond')) : null,
          this.synthetic(figures && figures.synthetic),
        ].filter(Boolean),
      };
    }

    departementCard(i) {
      const t = this.data.departements;
      const figures = this.figures(t.figures[i]);
      return {
        kind: this.say('departement'),
        title: t.nom[i],
        body: [...this.coverage(figures), this.rows(this.row(this.say('code'), t.code[i])),
          this.synthetic(figures && figures.synthetic)],
      };
    }

    // ---- table -------------------------------------------------------------------------------

    makeTable() {
      const table = one('epci');
      for (const head of table.querySelectorAll('tbody th[data-epci]')) {
        const position = Number(head.dataset.epci);
        const name = head.querySelector('.nom');
        const button = make('button', { type: 'button', class: 'link', title: this.say('see', { name: this.data.epci.nom[position] }) }, name.textContent);
        button.addEventListener('click', () => {
          one('carte').scrollIntoView();
          this.open('epci', position, { move: true, focus: true });
        });
        name.replaceChildren(button);
      }
      const heads = [...table.querySelectorAll('thead th')];
      heads.forEach((head, column) => {
        const button = make('button', { type: 'button', class: 'sort' });
        button.append(...head.childNodes, make('span', { class: 'arrow', 'aria-hidden': 'true' }));
        button.title = this.say('sort', { name: head.textContent.replace(/\u00ad/g, '') });
        head.append(button);
        button.addEventListener('click', () => this.sortTable(table, heads, column));
      });
    }

    sortTable(table, heads, column) {
      const head = heads[column];
      const numbers = head.classList.contains('n');
      const before = head.getAttribute('aria-sort');
      const up = before ? before === 'descending' : !numbers;
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
      const value = (row) => {
        const cell = row.children[column];
        if (!numbers) return cell.textContent;
        return cell.dataset.value === '' ? null : Number(cell.dataset.value);
      };
      const rows = [...table.tBodies[0].rows].map((row) => [value(row), row]);
      rows.sort(([a], [b]) => {
        if (a === null || b === null) return (a === null) - (b === null); // unknown comes last
        const order = numbers ? a - b : a.localeCompare(b, this.data.lang);
        return up ? order : -order;
      });
      table.tBodies[0].append(...rows.map((row) => row[1]));
    }

    // ---- bottom sheet of narrow screens ----------------------------------------------------------

    makeSheet() {
      one('poignee').addEventListener('click', () => {
        this.sheet(!one('panneau').classList.contains('open'));
      });
    }

    sheet(open) {
      one('panneau').classList.toggle('open', open);
      one('poignee').setAttribute('aria-expanded', String(open));
    }
  }

  planner.start = async function (map) {
    const data = JSON.parse(one('donnees').textContent);
    try {
      planner.page = new Page(map, data);
      planner.page.start();
      await planner.page.placePremises();
      document.documentElement.classList.add('ready');
    } catch (error) {
      document.documentElement.classList.remove('js');
      one('annonce').textContent = data.texts.failed;
      throw error;
    }
  };
})();
