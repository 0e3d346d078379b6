// The page: themes, legend, search, cards and table, from the data block and nothing else.
// Whatever a person reads is written with textContent.
'use strict';

(function () {
  planner.FONT = '"Source Sans 3 Variable", system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  const SHOWN_RESULTS = 12;
  const { one, make, draw } = planner;

  class Page {
    constructor(map, data) {
      this.map = map;
      this.data = data;
      this.write = planner.makeWriter(data.lang, data.texts);
      this.topology = new planner.Topology(data.topology);
      this.picked = null;
    }

    start() {
      document.documentElement.classList.add('js');
      this.placeAreas();
      this.makeTime();
      this.makeScene();
      this.canvas = new planner.Canvas(this.topology, this.scene);
      this.prepareMap();
      this.canvas.addTo(this.map);
      this.watchMap();
      this.watchLegend();
      this.makeSearch();
      this.makeTable();
      this.makeSheet();
      this.makeTools();
      this.writeCard();
      this.openLink();
      this.linked = true;
    }

    // Decode every premise while the areas are already on the screen.
    async placePremises() {
      for (const block of this.data.premises) await this.scene.premises.add(block);
      if (this.data.chunks.length) {
        this.scene.premises.points = 1; // they come when they are looked at
        this.map.on('moveend', () => this.loadChunks());
        this.loadChunks();
      }
      this.canvas.refresh();
      await document.fonts.ready;
      this.canvas.refresh();
    }

    // Where premises come as scripts of a folder: those of the view, once each.
    loadChunks() {
      if (this.map.getZoom() < planner.POINTS_FROM) return;
      const view = this.map.getBounds().pad(0.3);
      for (const chunk of this.data.chunks) {
        if (chunk.asked) continue;
        const corner = (x, y) => this.map.unproject([x, y], chunk.zoom);
        const box = L.latLngBounds(corner(chunk.box[0], chunk.box[3]), corner(chunk.box[2], chunk.box[1]));
        if (!view.intersects(box)) continue;
        chunk.asked = true;
        const script = document.createElement('script');
        script.src = chunk.src;
        script.addEventListener('error', () => this.announce(this.say('chunk_failed', { name: chunk.name })));
        document.head.append(script);
      }
    }

    // How a premise is painted under the present theme and date: a few styles, made once each.
    makePaint() {
      const { data, doneAt } = this;
      const theme = data.themes[this.theme];
      const states = data.themes.find((t) => t.key === 'state') || null;
      const { codes, shapes } = data.states;
      const made = new Map();
      const style = (entry, shape, rank, pale) => {
        const key = `${entry.key}${shape}${rank}${pale}`;
        if (!made.has(key)) made.set(key, { ink: pointInk(entry, pale), shape, rank });
        return made.get(key);
      };
      const built = (area) => !(area & 1) && doneAt[area >> 1] <= this.when;
      const inFilter = this.filter >= 0 ? (area) => this.epciOf(area) === this.filter : () => true;
      const hidden = new Set(this.hiddenClasses);
      if (theme.byState && states) {
        const unknown = states.classes.length - 1;
        const done = states.classes.findIndex((entry) => entry.key === 'serviceable');
        const place = codes.map((code) => states.classes.findIndex((entry) => entry.key === code));
        return (area, phase, state) => {
          if (!inFilter(area)) return null;
          const k = this.dated && built(area) ? done : state < 0 ? unknown : place[state];
          if (theme.key === 'state' && hidden.has(k)) return null;
          return style(states.classes[k], shapes[states.classes[k].key], unknown - k, false);
        };
      }
      const { phaseCodes, phases } = data;
      return (area, phase) => {
        if (!inFilter(area)) return null;
        const position = area >> 1;
        const lone = area & 1 || !theme.sector.length;
        const k = theme.key === 'phase' ? (phase < 0 ? phases.length - 1 : phaseCodes[phase])
          : lone ? theme.commune[position] : theme.sector[position];
        if (k < 0 || hidden.has(k)) return null;
        return style(theme.classes[k], 'disc', 0, this.dated && !built(area));
      };
    }

    epciOf(area) {
      const { sectors, communes } = this.data;
      return area & 1 ? communes.epci[area >> 1] : sectors.epci[area >> 1];
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
      return this.topology.boxed(this.outlines[kind][position].arcs);
    }

    // ---- what is drawn -----------------------------------------------------------------------

    makeScene() {
      const { data, topology } = this;
      const { land, commune } = topology.labels;
      const coast = topology.borders(commune.map((c, face) => (c < 0 && !(land && land[face] >= 0) ? -1 : 0)));
      const arcs = { coast };
      for (const kind of Object.keys(this.faces)) arcs[kind] = topology.borders(this.faces[kind]);
      if (data.whole.level !== 'region') { // its own outline isn't that of a département
        const inside = (face) => face >= 0 && commune[face] >= 0;
        arcs.departement = arcs.departement.filter((arc) => inside(topology.left[arc]) && inside(topology.right[arc]));
      }
      this.scene = {
        classes: [],
        lines: data.styles.lines.filter((style) => arcs[style.key] && arcs[style.key].length)
          .map((style) => ({ style, arcs: arcs[style.key], shown: true })),
        names: this.makeNames(),
        picked: null,
        premises: new planner.Premises(),
        network: data.network ? new planner.Network(data.network) : null,
        sites: data.sites ? new planner.Network(data.sites) : null,
        areaShare: 0.3,
        veil: null,
        path: null,
      };
      if (topology.labels.land) {
        this.scene.land = this.topology.boxed(topology.outlines(topology.labels.land, 1)[0].arcs);
      }
      this.filter = -1;
      this.theme = 0;
      this.paintAreas();
    }

    setTheme(position) {
      this.theme = position;
      const boxes = [...document.querySelectorAll('.classes')];
      boxes.forEach((box, k) => { box.hidden = k !== position; });
      const input = document.querySelector(`input[name=theme][value='${position}']`);
      if (input) input.checked = true;
      const [zoom, centre] = this.rested || [];
      const moved = centre ? this.map.project(centre).distanceTo(this.map.project(this.map.getCenter())) : Infinity;
      if (zoom === this.map.getZoom() && moved < 4) this.fit(this.whole, false); // a taller legend hides nothing
      this.sayWhen();
      this.paintAreas();
      this.keepLink();
    }

    get hiddenClasses() {
      return [...document.querySelectorAll(`.classes[data-theme='${this.theme}'] input[name=class]`)]
        .filter((input) => !input.checked).map((input) => Number(input.value));
    }

    // Classes of the areas at the date; what isn't built yet is pale.
    paintAreas() {
      const { topology } = this;
      const theme = this.data.themes[this.theme];
      const sector = topology.labels.sector;
      const count = theme.classes.length;
      const communes = theme.dated === 'area' && this.dated ? this.datedRates(theme) : theme.commune;
      this.communeClasses = communes;
      const works = this.dated && theme.dated === 'works';
      const hidden = new Set(this.hiddenClasses);
      const faces = topology.labels.commune.map((commune, face) => {
        const at = sector ? sector[face] : -1;
        if (at >= 0 && theme.sector.length) return theme.sector[at] + (works && this.doneAt[at] > this.when ? count : 0);
        return commune < 0 ? -1 : communes[commune] + (works ? count : 0);
      });
      this.scene.classes = topology.outlines(faces, 2 * count).map((area, k) => ({
        style: theme.classes[k % count], faint: k >= count, shown: !hidden.has(k % count),
        rings: area.arcs.length ? this.topology.boxed(area.arcs) : [],
      }));
      this.scene.paint = this.makePaint();
      if (this.scene.network) this.scene.network.shown = theme.key === 'network';
      if (this.scene.sites) this.scene.sites.shown = theme.key === 'axe3';
      one('pale').hidden = !works;
      if (theme.dated === 'area') this.countClasses(communes);
      if (this.canvas && this.canvas._map) this.canvas.refresh();
    }

    // The legend's counts follow the date, where classes do.
    countClasses(communes) {
      for (const item of document.querySelectorAll(`.classes[data-theme='${this.theme}'] li`)) {
        const k = Number(item.dataset.class);
        const small = item.querySelector('small') || item.querySelector('.entry').appendChild(make('small', {}));
        const count = communes.reduce((sum, entry) => sum + (entry === k), 0);
        small.textContent = this.say('communes_count', { count: this.write.count(count) });
      }
    }

    // Classes of the communes' rates at the date.
    datedRates(theme) {
      const unknown = theme.classes.length - 1;
      const zero = theme.classes.findIndex((entry) => entry.minimum === null);
      return this.data.communes.code.map((_, i) => {
        const now = this.served(this.cells('commune', i), this.when);
        if (!now) return unknown;
        if (now.rate === 0) return zero;
        return theme.classes.findIndex((entry) => entry.minimum !== null && now.rate >= entry.minimum);
      });
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
      const { map } = this;
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      for (const outline of this.outlines.commune) {
        for (let k = 0; k < 2; k++) {
          box[k] = Math.min(box[k], outline.box[k]);
          box[k + 2] = Math.max(box[k + 2], outline.box[k + 2]);
        }
      }
      this.whole = box;
      this.placeLegend();
      this.fillScreen();
      map.invalidateSize({ animate: false }); // Leaflet measured a hidden container
      this.fit(box, false);
      map.setMaxBounds(this.bounds(box).pad(2));
      L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
      L.control.zoom({
        position: 'topleft', zoomInTitle: this.say('zoom_in'), zoomOutTitle: this.say('zoom_out'),
      }).addTo(map);
      const button = (id, words, path, more) => {
        const node = make('button', { type: 'button', id, class: 'map-button', title: words, 'aria-label': words, ...more },
          draw('svg', { viewBox: '0 0 20 20', 'aria-hidden': 'true' }, draw('path', { d: path })));
        const Control = L.Control.extend({ onAdd: () => { L.DomEvent.disableClickPropagation(node); return node; } });
        new Control({ position: 'topleft' }).addTo(map);
        return node;
      };
      button('accueil', this.say('home'), 'M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4', {})
        .addEventListener('click', () => { this.close(); this.fit(this.whole, true); });
      button('mesurer', this.say('measure'), 'M2.5 13.5 13.5 2.5l4 4-11 11zM6 10l1.8 1.8M8.7 7.3l2.6 2.6M11.5 4.6l1.7 1.7', { 'aria-pressed': 'false' });
      const container = map.getContainer();
      container.setAttribute('role', 'application');
      container.setAttribute('aria-label', this.say('map'));
      container.append(make('span', { class: 'aim', 'aria-hidden': 'true' }));
      window.addEventListener('resize', () => { this.fillScreen(); this.placeLegend(); });
      new ResizeObserver(() => { if (container.offsetWidth) map.invalidateSize({ pan: false }); }).observe(container);
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
        paddingTopLeft: [this.narrow() ? 16 : 64, this.narrow() ? 16 : one('legende').offsetHeight + 20],
        paddingBottomRight: [16, covered + one('frise').offsetHeight + 20], maxZoom: 13, animate: animate && !planner.calm(),
      });
      this.rested = box === this.whole ? [this.map.getZoom(), this.map.getCenter()] : null;
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
      map.on('click', (event) => (this.measured ? this.measureAt(event.latlng) : this.openAt(event.latlng)));
      map.getContainer().addEventListener('keydown', (event) => {
        if (event.target !== map.getContainer()) return;
        if (event.key === 'Enter') (this.measured ? this.measureAt(map.getCenter()) : this.openAt(map.getCenter()));
        if (event.key === 'Escape') (this.measured ? this.measure(false) : this.close());
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
      return at.commune >= 0 ? theme.classes[this.communeClasses[at.commune]].label : null;
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
      document.addEventListener('change', (event) => {
        const input = event.target;
        if (input.name === 'theme') this.setTheme(Number(input.value));
        else if (input.name === 'class') this.paintAreas();
        else if (input.name === 'route') {
          for (const part of [this.scene.network, this.scene.sites]) if (part) part.toggle(input.value, input.checked);
          this.canvas.refresh();
        }
        else if (input.name === 'layer') {
          for (const line of this.scene.lines) if (line.style.key === input.value) line.shown = input.checked;
          for (const name of this.scene.names) if (name.layer === input.value) name.shown = input.checked;
          this.canvas.refresh();
        }
      });
    }

    // ---- search ------------------------------------------------------------------------------

    makeSearch() {
      const { data } = this;
      const entries = [];
      const add = (kind, table, about) => table.nom.forEach((nom, position) => {
        entries.push({ kind, position, nom, about: about(position), key: planner.fold(nom), code: planner.fold(table.code[position]) });
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
      for (const ville of data.villes) {
        const entry = entries[ville.commune];
        entry.key += ` ${planner.fold(this.say('ville'))}`;
      }
      for (const [position, names] of Object.entries(data.communes.former)) {
        for (const nom of names) {
          entries.push({ ...entries[position], about: this.say('former', { name: nom }), key: planner.fold(nom), code: '' });
        }
      }
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
        one('aucun').hidden = found.count !== 0 || !planner.fold(input.value);
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
        if (planner.fold(input.value)) this.announce(this.countWords(found));
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
      const query = planner.fold(text);
      if (!query) return { shown: [], count: 0 };
      const words = query.split(' ');
      const scored = [];
      for (const entry of this.entries) {
        const parts = entry.key.split(' ');
        const named = words.every((word) => parts.some((part) => part.startsWith(word)));
        if (!named && !(entry.code && entry.code.startsWith(query))) continue;
        const score = entry.key === query || entry.code === query ? 0 : entry.key.startsWith(query) ? 1 : 2;
        scored.push([score, this.order[entry.kind], entry]);
      }
      scored.sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2].key.localeCompare(b[2].key) || a[2].position - b[2].position);
      return { shown: scored.slice(0, SHOWN_RESULTS).map((row) => row[2]), count: scored.length };
    }

    // legend beside the map on wide screens, in the panel on narrow ones
    placeLegend() {
      const legend = one('legende');
      const home = this.narrow() ? one('corps') : document.querySelector('.ground');
      if (legend.parentNode !== home) {
        if (this.narrow()) document.querySelector('.actions').before(legend); else home.append(legend);
      }
      const filter = document.querySelector('.filter');
      const actions = document.querySelector('.actions');
      if (!filter) return;
      if (this.narrow()) actions.before(filter); else one('poignee').before(filter);
    }

    announce(text) {
      one('annonce').textContent = text;
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

  // Pale classes are drawn darker as points, so that they are seen on the pale ground of their area.
  function pointInk(entry, pale) {
    const parse = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
    const [fill, ink] = [parse(entry.fill), parse(entry.ink)];
    const light = (0.3 * fill[0] + 0.6 * fill[1] + 0.1 * fill[2]) / 255;
    const quiet = entry.key === 'private' || entry.key === 'unknown';
    const share = Math.max(0, Math.min(quiet ? 0.2 : 0.55, (light - 0.45) * 1.2));
    return [...fill.map((part, k) => Math.round(part + (ink[k] - part) * share)), pale ? 70 : 255];
  }

  Object.assign(Page.prototype, planner.cards, planner.networkCard, planner.time, planner.tools);

  // Called by the scripts of premises.
  planner.chunk = async function (name, block) {
    await planner.page.scene.premises.add(block);
    planner.page.writeCard();
    planner.page.canvas.refresh();
  };

  planner.start = async function (map) {
    const block = one('donnees');
    let data = null;
    try {
      const bytes = await planner.inflate(planner.bytes(block.textContent), Number(block.dataset.bytes));
      data = JSON.parse(new TextDecoder().decode(bytes));
      planner.page = new Page(map, data);
      planner.page.start();
      await planner.page.placePremises();
      document.documentElement.classList.add('ready');
    } catch (error) {
      document.documentElement.classList.remove('js');
      if (data) one('annonce').textContent = data.texts.failed;
      throw error;
    }
  };
})();
