// The form of Axe 3: it checks every answer, says what is missing, and saves the request to a file.
// Whatever a person reads is written with textContent; nothing is asked of the network.
'use strict';

(function () {
  planner.FONT = '"Source Sans 3 Variable", system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  const { one, make } = planner;
  const TEXTS = ['organisation', 'siret', 'address', 'need', 'contact', 'email', 'phone'];
  const PARTS = {
    who: ['kind', 'organisation', 'siret'], site: ['address', 'commune', 'point', 'lat', 'lon'], need: ['need_mbps', 'need'],
    supply: ['offer', 'supply_mbps', 'supply_evidence', 'supply_on'], contact: ['contact', 'email', 'phone'], consent: ['consent'],
  };
  const EMAIL = /^[^\s@,;]+@[^\s@,;]+\.[^\s@,;]+$/;
  const AREA = { fill: '#ffffff', ink: '#6a707c', pattern: 'solid' };

  // Luhn's checksum; La Poste's establishments have their own.
  planner.siretHolds = function (text) {
    if (!/^[0-9]{14}$/.test(text)) return false;
    const digits = [...text].map(Number);
    const sum = digits.reduce((a, b) => a + b, 0);
    if (text.startsWith('356000000') && sum % 5 === 0) return true;
    const luhn = digits.reduce((total, digit, k) => {
      const weighed = k % 2 === 0 ? 2 * digit : digit;
      return total + (weighed > 9 ? weighed - 9 : weighed);
    }, 0);
    return luhn % 10 === 0;
  };

  function decimal(text) {
    const plain = text.replace(/[\s\u202f\u00a0]/g, '').replace(',', '.').replace('\u2212', '-');
    return /^-?[0-9]+(\.[0-9]+)?$/.test(plain) ? Number(plain) : null;
  }

  function isoDay(date) {
    const two = (n) => String(n).padStart(2, '0');
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  }

  function newReference() {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('').toUpperCase();
    return `AXE3-${hex.match(/.{4}/g).join('-')}`;
  }

  class Form {
    constructor(map, data) {
      this.map = map;
      this.data = data;
      this.write = planner.makeWriter(data.lang, data.texts);
      this.topology = new planner.Topology(data.topology);
      this.reference = newReference();
      this.point = null;
      this.tried = false;
      this.clean = true;
    }

    start() {
      document.documentElement.classList.add('js');
      this.listCommunes();
      this.makeScene();
      this.canvas = new planner.Canvas(this.topology, this.scene);
      this.prepareMap();
      this.canvas.addTo(this.map);
      this.watch();
      this.refresh();
      document.fonts.ready.then(() => this.canvas.refresh());
    }

    say(key, values) {
      return this.write.say(`ui_${key}`, values || {});
    }

    degrees(value) {
      const text = value.toFixed(5);
      return this.data.lang === 'en' ? text : text.replace('.', ',').replace('-', '\u2212');
    }

    // ---- communes ----------------------------------------------------------------------------

    listCommunes() {
      const { nom, departement } = this.data.communes;
      this.labels = nom.map((name, k) => `${name} (${this.data.departements[departement[k]]})`);
      this.places = new Map();
      const put = (text, k) => {
        const key = planner.fold(text);
        this.places.set(key, this.places.has(key) && this.places.get(key) !== k ? -1 : k);
      };
      this.labels.forEach((label, k) => { put(label, k); put(nom[k], k); });
      const order = nom.map((_, k) => k).sort((a, b) => nom[a].localeCompare(nom[b], 'fr') || a - b);
      one('communes').append(...order.map((k) => make('option', { value: this.labels[k] })));
    }

    get commune() {
      const found = this.places.get(planner.fold(one('commune').value));
      return found === undefined || found < 0 ? null : found;
    }

    communeAt(latlng) {
      const at = this.map.project(latlng, this.topology.zoom);
      const found = this.topology.find(this.outlines, at.x, at.y);
      return found < 0 ? null : found;
    }

    // ---- map ---------------------------------------------------------------------------------

    makeScene() {
      const { data, topology } = this;
      const { commune } = topology.labels;
      const size = data.communes.nom.length;
      this.outlines = topology.outlines(commune, size);
      const inside = commune.map((k) => (k < 0 ? -1 : 0));
      const department = topology.compose('commune', data.communes.departement);
      const names = data.communes.nom.map((text, k) => k)
        .sort((a, b) => data.communes.population[b] - data.communes.population[a] || a - b)
        .map((k, order) => ({
          x: data.communes.x[k], y: data.communes.y[k], text: data.communes.nom[k],
          fromZoom: order < 8 ? 0 : order < 60 ? 8.5 : order < 300 ? 9.75 : 10.75, weight: order < 8 ? 700 : 500, size: 12, color: '#11161d',
        }));
      const line = (faces, color, width, fromZoom) => ({ style: { color, width, dash: [], halo: 0, fromZoom }, arcs: topology.borders(faces), shown: true });
      this.scene = {
        classes: [{ style: AREA, faint: false, shown: true, rings: this.topology.boxed(topology.outlines(inside, 1)[0].arcs) }],
        lines: [line(commune, '#aab3be', 0.7, 0), line(department, '#4a5665', 1.4, 0)],
        names, picked: null, premises: null, veil: null, path: null,
      };
    }

    bounds(box) {
      const corner = (x, y) => this.map.unproject([x, y], this.topology.zoom);
      return L.latLngBounds(corner(box[0], box[3]), corner(box[2], box[1]));
    }

    prepareMap() {
      const { map } = this;
      const container = map.getContainer();
      map.invalidateSize({ animate: false }); // Leaflet measured a hidden container
      map.fitBounds(this.bounds(this.data.box), { padding: [8, 8], animate: false });
      map.setMaxBounds(this.bounds(this.data.box).pad(0.5));
      map.setMinZoom(Math.floor(map.getZoom()) - 1);
      map.scrollWheelZoom.disable(); // the page scrolls; the map zooms once it is clicked
      map.once('focus click', () => map.scrollWheelZoom.enable());
      L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
      L.control.zoom({ position: 'bottomright', zoomInTitle: this.say('zoom_in'), zoomOutTitle: this.say('zoom_out') }).addTo(map);
      container.setAttribute('role', 'application');
      container.setAttribute('aria-label', this.say('map'));
      container.setAttribute('aria-describedby', 'point-aide');
      container.append(make('span', { class: 'aim', 'aria-hidden': 'true' }));
      this.marker = L.circleMarker([0, 0], { radius: 9, color: '#ffffff', weight: 3, fillColor: '#a3194e', fillOpacity: 1, interactive: false });
      map.on('click', (event) => this.place(event.latlng));
      container.addEventListener('keydown', (event) => {
        if (event.target !== container || event.key !== 'Enter') return;
        event.preventDefault();
        this.place(map.getCenter());
      });
      new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(container);
    }

    place(latlng) {
      one('lat').value = this.degrees(latlng.lat);
      one('lon').value = this.degrees(latlng.lng);
      this.shown = true;
      this.follow();
      this.changed();
    }

    // The point follows the two fields, whoever filled them in.
    follow() {
      const [lat, lon] = [decimal(one('lat').value), decimal(one('lon').value)];
      const whole = lat !== null && lon !== null && Math.abs(lat) <= 90 && Math.abs(lon) <= 180;
      this.point = whole ? L.latLng(lat, lon) : null;
      if (this.point) this.marker.setLatLng(this.point).addTo(this.map); else this.marker.remove();
      one('retirer').disabled = !this.point;
      let words = this.say('no_point');
      if (this.point) {
        const k = this.communeAt(this.point);
        const values = { lat: this.degrees(lat), lon: this.degrees(lon), commune: k === null ? '' : this.labels[k] };
        words = this.say(k === null ? 'point_outside' : 'point', values);
      }
      one('point-dit').textContent = words;
    }

    goToCommune() {
      const k = this.commune;
      this.scene.picked = k === null ? null : { rings: this.topology.boxed(this.outlines[k].arcs) };
      if (k !== null && k !== this.gone) this.map.fitBounds(this.bounds(this.outlines[k].box), { padding: [24, 24], maxZoom: 14, animate: false });
      this.gone = k;
      this.canvas.refresh();
    }

    // ---- answers -----------------------------------------------------------------------------

    chosen(name) {
      const input = document.querySelector(`input[name="${name}"]:checked`);
      return input ? input.value : null;
    }

    value(key) {
      const text = one(key).value.trim();
      return text === '' ? null : text;
    }

    siret() {
      const text = this.value('siret');
      return text === null ? null : text.replace(/[\s\u202f\u00a0.]/g, '');
    }

    // Every field with a fault, in the order of the page: [field, sentence].
    faults() {
      const found = [];
      const add = (key, text, values) => found.push([key, this.say(text || key, values)]);
      const needs = (key) => { if (this.value(key) === null) add(key); };
      if (!this.chosen('kind')) add('kind');
      needs('organisation');
      if (this.siret() !== null && !planner.siretHolds(this.siret())) add('siret');
      this.placeFaults(add);
      const rate = (key) => { const v = decimal(one(key).value); if (v === null || v <= 0) add(key); };
      rate('need_mbps');
      needs('need');
      if (!this.chosen('offer')) add('offer');
      if (this.chosen('offer') === 'some') rate('supply_mbps');
      if (!this.chosen('supply_evidence')) add('supply_evidence', 'evidence');
      this.dayFaults(add);
      needs('contact');
      if (!EMAIL.test(this.value('email') || '')) add('email');
      if (!one('consent').checked) add('consent');
      return found;
    }

    placeFaults(add) {
      const typed = this.value('commune') !== null;
      if (this.value('address') === null && !this.point) add('address');
      if (typed && this.commune === null) add('commune', 'commune_unknown');
      else if (!typed && !this.point) add('commune');
      if (this.point) {
        const there = this.communeAt(this.point);
        if (there === null) add('point', 'outside');
        else if (this.commune !== null && there !== this.commune) add('point', 'elsewhere', { there: this.labels[there], here: this.labels[this.commune] });
      } else if (this.value('lat') !== null || this.value('lon') !== null) add(this.value('lat') !== null && decimal(one('lat').value) !== null ? 'lon' : 'lat', 'coordinates');
    }

    dayFaults(add) {
      const day = one('supply_on').value;
      const today = new Date();
      const oldest = new Date(today.getFullYear(), today.getMonth() - this.data.rules.months, today.getDate());
      if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/.test(day)) add('supply_on');
      else if (day > isoDay(today)) add('supply_on', 'supply_on_future');
      else if (day <= isoDay(oldest)) add('supply_on', 'supply_on_old', { months: this.data.rules.months });
    }

    answers() {
      const day = isoDay(new Date());
      const given = Object.fromEntries(TEXTS.map((key) => [key, this.value(key)]));
      const commune = this.commune ?? (this.point ? this.communeAt(this.point) : null);
      if (given.address !== null && commune !== null) given.address += `, ${this.data.communes.nom[commune]}`;
      return {
        format: this.data.format, edition: this.data.edition, reference: this.reference, received_on: day,
        kind: this.chosen('kind'), ...given, siret: this.siret(),
        street: this.value('address'), insee: commune === null ? null : this.data.communes.insee[commune],
        lat: this.point ? Number(this.point.lat.toFixed(6)) : null, lon: this.point ? Number(this.point.lng.toFixed(6)) : null,
        place_source: this.point ? (this.shown ? 'map' : 'coordinates') : null,
        need_mbps: decimal(one('need_mbps').value), supply_evidence: this.chosen('supply_evidence'), supply_on: one('supply_on').value,
        supply_mbps: this.chosen('offer') === 'none' ? 0 : decimal(one('supply_mbps').value),
        consent: one('consent').checked, consent_on: day,
      };
    }

    // ---- what follows ------------------------------------------------------------------------

    refresh() {
      one('debit-offre').hidden = this.chosen('offer') !== 'some';
      const kind = this.chosen('kind');
      one('kind-note').hidden = kind === null || this.data.rules.kinds.includes(kind);
      const faults = new Map(this.faults());
      for (const [part, keys] of Object.entries(PARTS)) {
        const full = !keys.some((key) => faults.has(key));
        const link = document.querySelector(`.steps a[data-part="${part}"]`);
        link.classList.toggle('full', full);
        link.classList.toggle('flawed', this.tried && !full);
        link.querySelector('.state').textContent = ` : ${this.say(full ? 'done' : 'open_part')}`;
      }
      document.querySelectorAll('[data-field]').forEach((node) => this.mark(node, this.tried ? faults.get(node.dataset.field) : undefined));
    }

    mark(node, words) {
      const key = node.dataset.field;
      const told = one(`${key}-faute`);
      node.classList.toggle('flawed', words !== undefined);
      told.hidden = words === undefined;
      told.textContent = words || '';
      const input = key === 'point' ? this.map.getContainer() : one(key);
      const described = key === 'point' ? ['point-aide'] : [input.dataset.hint].filter(Boolean);
      if (words !== undefined) described.push(`${key}-faute`);
      if (described.length) input.setAttribute('aria-describedby', described.join(' ')); else input.removeAttribute('aria-describedby');
      const plain = input.tagName === 'INPUT' || input.tagName === 'TEXTAREA';
      if (plain && words !== undefined) input.setAttribute('aria-invalid', 'true'); else input.removeAttribute('aria-invalid');
    }

    changed() {
      this.clean = false;
      one('fait').hidden = true;
      this.refresh();
    }

    target(key) {
      if (key === 'point') return this.map.getContainer();
      const node = one(key);
      if (key === 'lat' || key === 'lon') node.closest('details').open = true;
      return node.matches('fieldset') ? node.querySelector('input') : node;
    }

    refuse(faults) {
      const box = one('fautes');
      const links = faults.map(([key, words]) => {
        const link = make('a', { href: `#${key}` }, words);
        link.addEventListener('click', (event) => {
          event.preventDefault();
          const node = this.target(key);
          node.focus({ preventScroll: true });
          node.closest('[data-field]').scrollIntoView({ block: 'start', behavior: planner.calm() ? 'auto' : 'smooth' });
        });
        return make('li', {}, link);
      });
      const title = faults.length === 1 ? this.say('wrong_one') : this.say('wrong', { count: faults.length });
      box.replaceChildren(make('h2', {}, title), make('p', {}, this.say('wrong_about')), make('ul', {}, ...links));
      this.reveal(box);
    }

    reveal(box) {
      box.hidden = false;
      box.focus({ preventScroll: true });
      box.scrollIntoView({ block: 'start' });
    }

    save() {
      this.tried = true;
      const faults = this.faults();
      this.refresh();
      one('fait').hidden = true;
      if (faults.length) { this.refuse(faults); return; }
      one('fautes').hidden = true;
      const answers = this.answers();
      const file = `demande-${this.reference}.json`;
      const url = URL.createObjectURL(new Blob([`${JSON.stringify(answers, null, 1)}\n`], { type: 'application/json' }));
      const link = make('a', { href: url, download: file });
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
      this.clean = true;
      this.tried = false;
      this.tell(answers, file);
    }

    tell(answers, file) {
      const label = (key) => {
        const node = document.querySelector(`[data-field="${key}"] > label, [data-field="${key}"] > legend`);
        return node.firstChild.textContent;
      };
      const picked = (name) => {
        const input = document.querySelector(`input[name="${name}"]:checked`);
        return input.parentElement.textContent.trim();
      };
      const rows = [
        [label('kind'), picked('kind')], [label('organisation'), answers.organisation], [label('siret'), answers.siret],
        [label('address'), answers.address], [label('commune'), answers.insee && this.labels[this.data.communes.insee.indexOf(answers.insee)]],
        [one('point-titre').firstChild.textContent, this.point ? one('point-dit').textContent : null],
        [label('need_mbps'), `${this.write.count(answers.need_mbps)} Mbit/s`], [label('need'), answers.need],
        [label('offer'), picked('offer')], [label('supply_mbps'), answers.supply_mbps ? `${answers.supply_mbps} Mbit/s` : null],
        [label('supply_evidence'), picked('supply_evidence')], [label('supply_on'), new Date(`${answers.supply_on}T12:00`).toLocaleDateString(this.data.lang, { dateStyle: 'long' })],
        [label('contact'), answers.contact], [label('email'), answers.email], [label('phone'), answers.phone],
      ].filter(([, value]) => value !== null);
      const box = one('fait');
      box.replaceChildren(
        make('h2', { id: 'fait-titre' }, this.say('saved')),
        make('p', {}, this.say('saved_about', { file })), make('p', {}, this.say('saved_reference', { reference: this.reference })),
        make('h3', {}, this.say('saved_recap')),
        make('dl', {}, ...rows.map(([name, value]) => make('div', {}, make('dt', {}, name.trim()), make('dd', {}, value)))));
      this.reveal(box);
    }

    async reopen(file) {
      let values = null;
      try { values = JSON.parse(await file.text()); } catch { values = null; }
      const right = values && typeof values === 'object' && values.format === this.data.format && values.edition === this.data.edition
        && typeof values.reference === 'string';
      if (!right) { this.announce(this.say('not_a_request', { file: file.name })); return; }
      const text = (value) => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
      this.reference = values.reference;
      for (const key of TEXTS) one(key).value = text(values[key]);
      one('address').value = text(values.street);
      const k = this.data.communes.insee.indexOf(values.insee);
      one('commune').value = k < 0 ? '' : this.labels[k];
      for (const key of ['lat', 'lon']) one(key).value = typeof values[key] === 'number' ? this.degrees(values[key]) : '';
      this.shown = values.place_source === 'map';
      one('need_mbps').value = text(values.need_mbps);
      one('supply_mbps').value = values.supply_mbps ? text(values.supply_mbps) : '';
      one('supply_on').value = text(values.supply_on);
      const offer = values.supply_mbps === 0 ? 'none' : 'some';
      for (const [name, value] of [['kind', values.kind], ['supply_evidence', values.supply_evidence], ['offer', offer]]) {
        document.querySelectorAll(`input[name="${name}"]`).forEach((input) => { input.checked = input.value === value; });
      }
      one('consent').checked = false;
      one('fautes').hidden = true;
      this.tried = false;
      this.goToCommune();
      this.follow();
      this.changed();
      this.announce(this.say('opened', { reference: this.reference }));
    }

    announce(words) {
      one('annonce').textContent = words;
      one('reprise').textContent = words;
      one('reprise').hidden = false;
    }

    watch() {
      const form = one('demande');
      form.addEventListener('submit', (event) => { event.preventDefault(); this.save(); });
      form.addEventListener('input', (event) => {
        if (event.target.id === 'commune') this.goToCommune();
        if (event.target.id === 'lat' || event.target.id === 'lon') { this.shown = false; this.follow(); }
        if (event.target.id !== 'rouvrir') this.changed();
      });
      one('ici').addEventListener('click', () => this.place(this.map.getCenter()));
      one('retirer').addEventListener('click', () => {
        one('lat').value = one('lon').value = '';
        this.follow();
        this.changed();
        one('ici').focus();
      });
      one('imprimer').addEventListener('click', () => window.print());
      one('rouvrir').addEventListener('change', async (event) => {
        if (event.target.files.length) await this.reopen(event.target.files[0]);
        event.target.value = '';
      });
      form.append(make('p', { id: 'reprise', class: 'warn', hidden: '' }));
      one('supply_on').max = isoDay(new Date());
      this.follow();
      window.addEventListener('beforeunload', (event) => { if (!this.clean) event.preventDefault(); });
    }
  }

  planner.start = function (map) {
    let data = null;
    try {
      data = JSON.parse(one('donnees').textContent);
      planner.page = new Form(map, data);
      planner.page.start();
      document.documentElement.classList.add('ready');
    } catch (error) {
      document.documentElement.classList.remove('js');
      if (data) one('sans-script').textContent = data.texts.ui_failed;
      throw error;
    }
  };
})();
