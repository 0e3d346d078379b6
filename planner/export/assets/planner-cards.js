// Cards: what is known of a place, at the date of the slider.
'use strict';

(function () {
  const { one, make, draw } = planner;
  const FIGURES = ['premises', 'premisesMax', 'serviceable', 'rate', 'private', 'phase1', 'phase2',
    'phase3', 'unassigned', 'synthetic'];
  const SPLIT = ['phase1', 'phase2', 'phase3', 'private', 'unassigned'];

  planner.cards = {
  // ---- cards -------------------------------------------------------------------------------

  open(kind, position, how) {
    const options = how || {};
    this.picked = { kind, position, from: options.from || null };
    const outline = this.outlines[kind] && this.outlines[kind][position];
    this.scene.picked = outline && outline.arcs.length ? { rings: this.rings(kind, position) } : null;
    const title = this.writeCard();
    this.sheet(true);
    one('corps').scrollTop = 0;
    if (options.move && this.scene.picked) this.fit(outline.box, true);
    this.canvas.refresh();
    if (options.focus) one('fiche').focus({ preventScroll: true });
    this.announce(this.say('opened', { name: title }));
    this.keepLink();
  },

  // Write the card of what is picked, or of the chosen EPCI, or of all.
  writeCard() {
    const card = one('fiche');
    const rest = one('region');
    if (!this.picked) {
      card.hidden = true;
      rest.hidden = false;
      const content = this.filter >= 0 ? this.epciCard(this.filter) : this.wholeCard();
      rest.replaceChildren(make('p', { class: 'card-kind' }, content.kind), make('h3', {}, content.title), ...content.body.filter(Boolean));
      return content.title;
    }
    const { kind, position, from } = this.picked;
    const content = this[`${kind}Card`](position, from);
    const close = make('button', { type: 'button', class: 'close', 'aria-label': this.say('close'), title: this.say('close') }, '×');
    close.addEventListener('click', () => { this.close(); this.map.getContainer().focus({ preventScroll: true }); });
    const heading = make('h3', { id: 'fiche-titre' }, content.title);
    card.replaceChildren(make('p', { class: 'card-kind' }, content.kind), heading, close, ...content.body.filter(Boolean));
    card.setAttribute('role', 'region');
    card.setAttribute('aria-labelledby', 'fiche-titre');
    card.hidden = false;
    rest.hidden = true;
    return content.title;
  },

  close() {
    this.picked = null;
    this.scene.picked = null;
    this.writeCard();
    this.sheet(false);
    this.canvas.refresh();
    this.keepLink();
  },

  row(label, value) {
    if (value === null || value === undefined || value === '') return null;
    return make('div', {}, make('dt', {}, label), make('dd', {}, value));
  },

  rows(...rows) {
    const kept = rows.filter(Boolean);
    return kept.length ? make('dl', { class: 'rows' }, ...kept) : null;
  },

  link(kind, position, text) {
    const button = make('button', { type: 'button', class: 'link' }, text);
    button.addEventListener('click', () => this.open(kind, position, { move: true, focus: true }));
    return button;
  },

  figures(row) {
    if (!row) return null;
    return Object.fromEntries(FIGURES.map((name, k) => [name, row[k]]));
  },

  premisesWords(figures) {
    const min = this.write.count(figures.premises);
    if (figures.premisesMax === null) return this.say('premises_from', { min });
    if (figures.premisesMax === figures.premises) return min;
    return this.say('premises_range', { min, max: this.write.count(figures.premisesMax) });
  },

  known(value, writer) {
    return value === null || value === undefined ? this.say('unknown') : writer(value);
  },

  // Premises, what is serviceable at the date, the curve and the bar of phases, the same on every card.
  coverage(figures, kind, position, brief) {
    if (!figures) return [make('p', { class: 'note' }, this.say('no_coverage'))];
    const dated = this.dated && this.data.cells.commune.length;
    const now = dated ? this.served(this.cells(kind, position), this.when) : null;
    const top = dated ? now && now.top : figures.serviceable;
    const rate = dated ? now && now.rate : figures.rate;
    const big = make('dl', { class: 'big' },
      this.row(this.say('premises'), this.premisesWords(figures)),
      this.row(this.say('serviceable'), this.known(top, this.write.count)),
      this.row(this.say('rate'), this.known(rate, this.write.share)));
    const when = make('p', { class: 'when' }, this.when && dated ? this.say('forecast', { when: this.whenLabel() }) : this.say('measured', { when: this.data.time.on }));
    const parts = [big, when];
    if (brief) return parts;
    const curve = this.curveFigure(kind, position);
    if (curve) parts.push(curve);
    const split = SPLIT.map((name, k) => [figures[name], this.data.phases[k]]).filter(([count]) => count);
    if (!split.length) return parts;
    const whole = split.reduce((sum, [count]) => sum + count, 0);
    const items = split.map(([count, phase]) => make('li', {}, this.swatch(phase),
      make('span', { class: 'split-label' }, phase.label),
      make('span', { class: 'split-count' }, this.write.count(count)),
      make('span', { class: 'split-share' }, split.length > 1 ? this.write.share(count / whole) : '')));
    parts.push(make('h4', {}, this.say('by_phase')), this.bar(split, whole), make('ul', { class: 'split' }, ...items));
    return parts;
  },

  bar(split, whole) {
    let at = 0;
    const pieces = split.map(([count, phase]) => {
      const width = (300 * count) / whole;
      const piece = draw('rect', { x: at.toFixed(1), width: width.toFixed(1), height: 18, fill: `url(#p-phase-${phase.key})`, stroke: '#ffffff' });
      at += width;
      return piece;
    });
    return draw('svg', { class: 'bar', viewBox: '0 0 300 18', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ...pieces);
  },

  // What a place gains or loses from the first plan to the second; nothing where one plan is shown.
  changes(kind, position) {
    const { change } = this.data;
    if (!change) return [];
    const row = kind === 'whole' ? change.whole
      : change.labels.map((label, k) => [label, change[kind][position][k]]).filter(([, words]) => words && words !== '0');
    const title = make('h4', {}, this.say('changes'));
    if (!row.length) return [title, make('p', { class: 'note' }, this.say('change_none'))];
    return [title, this.rows(...row.map(([label, words]) => this.row(label, words)))];
  },

  // Both plans of a sector, one under the other.
  sectorChange(i) {
    const { change, phases, sectors } = this.data;
    if (!change) return null;
    const words = (phase, quarter) => [phases[phase].label, this.quarterWords(quarter)].filter(Boolean).join(', ');
    return this.rows(
      this.row(this.say('change'), change.effects[change.effect[i]]),
      this.row(change.before, words(change.phase[i], change.quarter[i])),
      this.row(change.after, words(sectors.phase[i], sectors.quarter[i])),
      this.row(this.say('reason_before'), change.reason[i]));
  },

  wholeCard() {
    const { whole } = this.data;
    if (whole.level === 'epci') return this.epciCard(0);
    const sums = whole.level === 'region'; // elsewhere EPCI and sectors reach beyond what is shown
    return {
      kind: whole.kind,
      title: whole.nom,
      body: [
        ...this.changes('whole', 0),
        ...this.coverage(this.figures(whole.figures), 'whole', 0),
        this.rows(
          this.row(this.say('all_due'), !sums || whole.net === null ? null : this.write.millions(whole.net)),
          this.row(this.say('cost'), !sums || whole.cost === null ? null : this.write.millions(whole.cost))),
        this.synthetic(whole.figures && this.figures(whole.figures).synthetic),
      ],
    };
  },

  swatch(phase) {
    return draw('svg', { class: 'swatch', width: 34, height: 22, viewBox: '0 0 34 22', 'aria-hidden': 'true' },
      draw('rect', { x: 1, y: 1, width: 32, height: 20, rx: 3, fill: `url(#p-phase-${phase.key})`, stroke: phase.ink, 'stroke-width': 1.5 }));
  },

  synthetic(flag) {
    return flag ? make('p', { class: 'made-up' }, this.say('synthetic')) : null;
  },

  epciLink(position) {
    return position >= 0 ? this.link('epci', position, this.data.epci.nom[position]) : null;
  },

  owed(rows, note) {
    if (!rows.length) return [];
    const items = rows.map(([epci, lines, net]) => this.row(this.data.epci.nom[epci],
      this.say('due_row', { lines: this.write.count(lines), net: this.write.cents(net) })));
    const title = note ? `${this.say('due')} (${note})` : this.say('due');
    return [make('h4', {}, title), make('dl', { class: 'rows' }, ...items)];
  },

  quarterWords(quarter) {
    if (!quarter) return null;
    const [year, rank] = quarter.split('-T');
    return this.say(rank === '1' ? 'quarter_first' : 'quarter_is', { quarter: rank, year });
  },

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
        ...this.changes('commune', i),
        ...this.coverage(figures, 'commune', i),
        this.rows(
          this.row(this.say('epci'), this.epciLink(communes.epci[i])),
          this.row(this.say('departement'), communes.departement[i] >= 0 ? departements.nom[communes.departement[i]] : null),
          this.row(this.say('vote'), communes.epci[i] >= 0 ? this.data.epci.vote[communes.epci[i]] : null),
        this.row(this.say('regulatory'), communes.regulatoryLabels[communes.regulatory[i]]),
          this.row(this.say('epci_due'), due === null || due === undefined ? null : this.write.cents(due)),
          this.row(this.say('tranche'), ville ? this.write.count(ville.tranche) : null),
          this.row(this.say('population'), this.write.count(communes.population[i])),
          this.row(this.say('code'), communes.code[i])),
        ...this.sitesOf(i),
        ...this.sectorList(this.say('sectors'), sectors),
        this.synthetic(figures && figures.synthetic),
      ],
    };
  },

  // The requests of Axe 3 in a commune: kind, answer, step, solution; nothing of who asks.
  sitesOf(i) {
    const { sites } = this.data;
    const lines = (sites && sites.of[i]) || [];
    if (!lines.length) return [];
    return [
      make('h4', {}, this.say('axe3')),
      make('ul', { class: 'split places' }, ...lines.map((line) => make('li', {}, line))),
      sites.madeUp ? make('p', { class: 'made-up' }, this.say('axe3_made_up')) : null,
    ];
  },

  sectorsOf(kind, position) {
    const of = this.topology.labels.sector;
    if (!of) return [];
    const found = new Set();
    this.faces[kind].forEach((area, face) => { if (area === position && of[face] >= 0) found.add(of[face]); });
    return [...found].sort((a, b) => a - b);
  },

  sectorList(title, sectors) {
    if (!sectors.length) return [];
    const { sectors: table, phases } = this.data;
    const items = sectors.map((s) => make('li', {}, this.swatch(phases[table.phase[s]]),
      this.link('sector', s, table.nom[s]),
      make('span', { class: 'split-share' },
        [phases[table.phase[s]].label, (table.quarter[s] || '').split('-')[0]].filter(Boolean).join(' · '))));
    return [make('h4', {}, title), make('ul', { class: 'split places' }, ...items)];
  },

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
        this.sectorChange(i),
        this.rows(
          this.row(this.say('decision'), t.decision[i] >= 0 ? t.decisionLabels[t.decision[i]] : null),
          this.row(this.say('reason'), t.reason[i] >= 0 ? t.reasons[t.reason[i]] : null),
          this.row(this.say('advice'), t.advice[i]),
          this.row(this.say('quarter'), this.quarterWords(t.quarter[i])),
          this.row(this.say('cost'), cost)),
        ...this.networkOf(i),
        ...(figures ? this.coverage(figures, 'sector', i, true) : [this.rows(this.row(this.say('premises'), this.write.count(t.premises[i])))]),
        this.rows(
          this.row(this.say(from ? 'here' : 'commune'), commune >= 0 ? this.link('commune', commune, this.data.communes.nom[commune]) : null),
          this.row(this.say('epci'), this.epciLink(t.epci[i])),
          this.row(this.say('vote'), t.epci[i] >= 0 ? this.data.epci.vote[t.epci[i]] : null),
          this.row(this.say('zone'), zone >= 0 ? this.link('zone', zone, this.data.zones.nom[zone]) : null),
          this.row(this.say('area'), t.areaLabels[t.area[i]]),
          this.row(this.say('decider'), t.decider[i]),
          this.row(this.say('rank'), t.rank[i])),
        ...this.owed(owed, note),
        this.synthetic(t.synthetic[i]),
      ],
    };
  },

  // Premises of a sector by state, as decoded.
  statesOf(sector) {
    const theme = this.data.themes.find((entry) => entry.key === 'state');
    if (!theme) return [];
    const counts = this.scene.premises.states(2 * sector);
    const items = theme.classes.map((entry, k) => {
      const state = this.data.states.codes.indexOf(entry.key);
      const count = counts.get(state) || 0;
      if (!count) return null;
      const swatch = draw('svg', { class: 'swatch', width: 34, height: 22, viewBox: '0 0 34 22', 'aria-hidden': 'true' },
        draw('rect', { x: 1, y: 1, width: 32, height: 20, rx: 3, fill: entry.fill, stroke: entry.ink, 'stroke-width': 1.5 }));
      return make('li', {}, swatch, make('span', { class: 'split-label' }, entry.label), make('span', { class: 'split-count' }, this.write.count(count)));
    }).filter(Boolean);
    return items.length ? [make('h4', {}, this.say('by_state', { on: this.data.time.on })), make('ul', { class: 'split' }, ...items)] : [];
  },

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
        ...(figures ? this.coverage(figures, 'zone', i, true) : [this.rows(this.row(this.say('premises'), this.write.count(t.premises[i])))]),
        this.rows(this.row(this.say('nature'), t.kindLabels[t.kind[i]]),
          this.row(this.say('sectors_count'), this.write.count(sectors.length))),
        ...this.owed(t.owed[i], ''),
        ...this.sectorList(this.say('zone_sectors'), sectors),
        this.synthetic(t.synthetic[i]),
      ],
    };
  },

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
        ...this.changes('epci', i),
        ...this.coverage(figures, 'epci', i),
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
  },

  departementCard(i) {
    const t = this.data.departements;
    const figures = this.figures(t.figures[i]);
    return {
      kind: this.say('departement'),
      title: t.nom[i],
      body: [...this.coverage(figures, 'departement', i), this.rows(this.row(this.say('code'), t.code[i])),
        this.synthetic(figures && figures.synthetic)],
    };
  },

  // ---- table -------------------------------------------------------------------------------

  makeTable() {
    const table = one('epci');
    for (const head of table.querySelectorAll('tbody th[data-kind]')) {
      const position = Number(head.dataset.position);
      const { kind } = head.dataset;
      const name = head.querySelector('.nom');
      const button = make('button', { type: 'button', class: 'link', title: this.say('see', { name: name.textContent }) }, name.textContent);
      button.addEventListener('click', () => {
        one('carte').scrollIntoView();
        this.open(kind, position, { move: true, focus: true });
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
  },

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
  },
  };
})();
