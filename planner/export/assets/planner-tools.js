// Tools: link of the view, table as CSV, measure, print, filter by EPCI, background.
'use strict';

(function () {
  const { one, make } = planner;

  planner.tools = {
    // ---- the address of the view: #vue=9.25/48.1/-2.9&theme=phase&date=2021-T3&epci=…&lieu=commune:35236

    viewLink() {
      const { map, data } = this;
      const centre = map.getCenter();
      const parts = [`vue=${+map.getZoom().toFixed(2)}/${centre.lat.toFixed(5)}/${centre.lng.toFixed(5)}`,
        `theme=${data.themes[this.theme].key}`];
      if (this.dated) parts.push(`date=${this.when ? data.time.quarters[this.when - 1] : '0'}`);
      if (this.filter >= 0) parts.push(`epci=${encodeURIComponent(data.epci.code[this.filter])}`);
      if (this.picked) parts.push(`lieu=${this.picked.kind}:${encodeURIComponent(this.codes(this.picked.kind)[this.picked.position])}`);
      return `#${parts.join('&')}`;
    },

    codes(kind) {
      return { commune: this.data.communes, epci: this.data.epci, departement: this.data.departements, zone: this.data.zones, sector: this.data.sectors }[kind].code;
    },

    keepLink() {
      if (!this.linked) return;
      clearTimeout(this._keeping);
      this._keeping = setTimeout(() => {
        try { history.replaceState(null, '', this.viewLink()); } catch (error) { /* some viewers forbid it */ }
      }, 250);
    },

    openLink() {
      const { data, map } = this;
      const wanted = new Map(location.hash.slice(1).split('&').map((part) => part.split('=')).filter((pair) => pair.length === 2)
        .map(([key, value]) => { try { return [key, decodeURIComponent(value)]; } catch (error) { return [key, '']; } }));
      if (!wanted.size) return;
      const theme = data.themes.findIndex((t) => t.key === wanted.get('theme'));
      if (theme >= 0) this.setTheme(theme);
      const epci = data.epci.code.indexOf(wanted.get('epci'));
      if (epci >= 0) this.setFilter(epci, false);
      const step = wanted.get('date') === '0' ? 0 : data.time.quarters.indexOf(wanted.get('date')) + 1;
      if (wanted.has('date') && (step > 0 || wanted.get('date') === '0')) this.setWhen(step);
      const [kind, code] = (wanted.get('lieu') || '').split(':');
      if (['commune', 'epci', 'departement', 'zone', 'sector'].includes(kind)) {
        const position = this.codes(kind).indexOf(code);
        if (position >= 0) this.open(kind, position, {});
      }
      const [zoom, lat, lng] = (wanted.get('vue') || '').split('/').map(Number);
      if ([zoom, lat, lng].every(Number.isFinite)) map.setView([lat, lng], zoom, { animate: false });
    },

    makeTools() {
      one('lien').addEventListener('click', async () => {
        history.replaceState(null, '', this.viewLink());
        let copied = false;
        try { await navigator.clipboard.writeText(location.href); copied = true; } catch (error) { /* refused */ }
        const field = one('adresse');
        field.hidden = copied;
        if (!copied) { field.value = location.href; field.focus(); field.select(); }
        this.announce(this.say(copied ? 'link_copied' : 'link_shown'));
        one('fait').textContent = this.say(copied ? 'link_copied' : 'link_shown');
      });
      one('imprimer').addEventListener('click', () => window.print());
      for (const button of document.querySelectorAll('button[data-csv]')) {
        button.addEventListener('click', () => this.downloadTable(one(button.dataset.csv), button.dataset.name));
      }
      window.addEventListener('beforeprint', () => this.drawPrint());
      window.matchMedia('print').addEventListener('change', (event) => { if (event.matches) this.drawPrint(); });
      this.makeMeasure();
      this.makeFilter();
      this.makeBackground();
      window.addEventListener('hashchange', () => { if (location.hash.includes('=')) this.openLink(); });
      this.map.on('moveend', () => { this.lookAt(); this.keepLink(); });
      this.lookAt();
    },

    // ---- table as CSV --------------------------------------------------------------------------

    csvOf(table) {
      const french = this.data.lang !== 'en';
      const text = (value) => {
        const plain = value.replace(/\u00ad/g, '').replace(/[\s\u202f\u00a0]+/g, ' ').trim();
        const safe = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
        return `"${safe.replace(/"/g, '""')}"`;
      };
      const cell = (node) => {
        const raw = node.dataset.value;
        if (!node.classList.contains('n') || raw === undefined || node.tagName === 'TH') return text(node.textContent);
        if (raw === '') return '';
        const value = node.dataset.unit === 'cent' ? Number(raw) / 100 : Number(raw);
        return french ? String(value).replace('.', ',') : String(value);
      };
      const rows = [...table.rows].map((row) => [...row.cells].map((node) => {
        const name = node.querySelector('.nom');
        return name ? text(name.textContent) : cell(node);
      }).join(';'));
      return `\ufeff${rows.join('\r\n')}\r\n`;
    },

    downloadTable(table, name) {
      const link = make('a', { download: `${name}.csv` });
      link.href = URL.createObjectURL(new Blob([this.csvOf(table)], { type: 'text/csv;charset=utf-8' }));
      document.body.append(link);
      link.click();
      link.remove();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    },

    // ---- measure -------------------------------------------------------------------------------

    makeMeasure() {
      const button = one('mesurer');
      this.measured = null;
      button.addEventListener('click', () => this.measure(!this.measured));
      one('mesure-fin').addEventListener('click', () => { this.measure(false); button.focus(); });
    },

    measure(on) {
      this.measured = on ? [] : null;
      one('mesurer').setAttribute('aria-pressed', String(on));
      one('mesure').hidden = !on;
      this.map.getContainer().classList.toggle('measuring', on);
      this.scene.path = null;
      this.sayMeasure();
      this.canvas.refresh();
      if (on) this.map.getContainer().focus({ preventScroll: true });
    },

    measureAt(latlng) {
      this.measured.push(latlng);
      this.scene.path = this.measured.map((at) => {
        const point = this.map.project(at, this.topology.zoom);
        return [point.x, point.y];
      });
      this.sayMeasure();
      this.canvas.refresh();
    },

    sayMeasure() {
      if (!this.measured) return;
      const length = this.measured.slice(1).reduce((sum, at, k) => sum + this.map.distance(this.measured[k], at), 0);
      one('mesure-dit').textContent = this.measured.length < 2 ? this.say('measure_start') : this.say('measure_is', { length: this.write.metres(length) });
    },

    // ---- filter by EPCI ------------------------------------------------------------------------

    makeFilter() {
      const { epci } = this.data;
      const select = one('filtre');
      this.filter = -1;
      if (!select) return;
      const order = epci.nom.map((_, i) => i).sort((a, b) => planner.fold(epci.nom[a]).localeCompare(planner.fold(epci.nom[b])) || a - b);
      select.append(...order.map((i) => make('option', { value: String(i) }, epci.nom[i])));
      select.addEventListener('change', () => this.setFilter(Number(select.value), true));
    },

    setFilter(position, move) {
      this.filter = position;
      const select = one('filtre');
      if (select) select.value = String(position);
      if (position < 0) this.scene.veil = null;
      else {
        const outside = this.faces.epci.map((epci, face) => {
          const drawn = this.topology.labels.commune[face] >= 0 || (this.topology.labels.sector && this.topology.labels.sector[face] >= 0);
          return drawn && epci !== position ? 0 : -1;
        });
        this.scene.veil = this.topology.boxed(this.topology.outlines(outside, 1)[0].arcs);
      }
      this.scene.paint = this.makePaint();
      this.makeCommuneTable();
      if (move) {
        this.close();
        this.fit(position < 0 ? this.whole : this.outlines.epci[position].box, true);
        this.announce(position < 0 ? this.say('filter_off') : this.say('filter_on', { name: this.data.epci.nom[position] }));
      } else this.writeCard();
      this.canvas.refresh();
      this.keepLink();
    },

    // Communes of the chosen EPCI, as a table of their own.
    makeCommuneTable() {
      const box = one('communes-du-filtre');
      if (!box) return;
      box.hidden = this.filter < 0;
      if (this.filter < 0) return;
      const { communes, epci } = this.data;
      const names = ['premises', 'serviceable', 'rate', 'phase1', 'phase2', 'phase3', 'private'];
      const row = (head, figures) => make('tr', {}, head, ...names.map((name) => {
        const value = figures ? figures[name] : null;
        const words = value === null || value === undefined ? '—' : name === 'rate' ? this.write.share(value) : this.write.count(value);
        return make('td', { class: 'n', 'data-value': value === null || value === undefined ? '' : String(value) }, words);
      }));
      const mine = communes.nom.map((_, i) => i).filter((i) => communes.epci[i] === this.filter)
        .sort((a, b) => planner.fold(communes.nom[a]).localeCompare(planner.fold(communes.nom[b])) || a - b);
      one('communes-titre').textContent = this.say('communes_of', { name: epci.nom[this.filter] });
      const table = one('communes');
      table.tBodies[0].replaceChildren(...mine.map((i) => {
        const name = make('span', { class: 'nom' }, this.link('commune', i, communes.nom[i]));
        return row(make('th', { scope: 'row' }, name), this.figures(communes.figures[i]));
      }));
      table.tFoot.replaceChildren(row(make('th', { scope: 'row' }, make('span', { class: 'nom' }, epci.nom[this.filter])), this.figures(epci.figures[this.filter])));
    },

    // ---- background map, only where the page was made with one -----------------------------------

    makeBackground() {
      const { background } = this.data;
      const box = document.querySelector('input[name=fond]');
      if (!background || !box) return;
      const tiles = L.tileLayer(background.url, { maxZoom: 18, maxNativeZoom: background.zoom, attribution: '', referrerPolicy: 'no-referrer' });
      box.addEventListener('change', () => {
        if (box.checked) tiles.addTo(this.map); else tiles.remove();
        one('fond-dit').hidden = !box.checked;
        this.scene.see = box.checked;
        this.canvas.refresh();
      });
    },

    // ---- paper ---------------------------------------------------------------------------------

    // What the screen shows, kept for when the map is hidden on paper.
    lookAt() {
      const { map } = this;
      const screen = map.getSize();
      if (!screen.x || !screen.y || window.matchMedia('print').matches) return this.seen;
      const top = this.narrow() ? 0 : one('legende').offsetHeight + 12;
      const bottom = one('frise').offsetHeight + 12 + (this.narrow() ? one('panneau').offsetHeight : 0);
      const height = Math.max(screen.y / 4, screen.y - top - bottom); // what no bar covers
      this.seen = {
        zoom: map.getZoom(), width: screen.x, height,
        centre: map.containerPointToLatLng(L.point(screen.x / 2, top + height / 2)),
      };
      return this.seen;
    },

    // The present view, drawn for an A4 page in landscape.
    drawPrint() {
      const { map } = this;
      const canvas = one('impression');
      const size = L.point(1000, 560);
      const ratio = 2;
      canvas.width = size.x * ratio;
      canvas.height = size.y * ratio;
      const seen = this.seen || this.lookAt(); // a hidden map has no size
      const zoom = seen.zoom + Math.log2(Math.min(size.x / seen.width, size.y / seen.height));
      const { centre } = seen;
      const origin = map.project(centre, zoom).subtract(size.divideBy(2)).round();
      const c = canvas.getContext('2d');
      c.setTransform(1, 0, 0, 1, 0, 0);
      c.fillStyle = this.data.styles.around;
      c.fillRect(0, 0, canvas.width, canvas.height);
      this.canvas.draw(c, { zoom, origin, size, ratio });
      this.printScale(c, { zoom, centre, size, ratio });
      const theme = this.data.themes[this.theme];
      one('impression-theme').textContent = theme.label;
      one('impression-date').textContent = one('temps-dit').textContent;
      const shown = document.querySelector(`.classes[data-theme='${this.theme}']`);
      one('impression-legende').replaceChildren(...[...shown.querySelectorAll('li:not([hidden])')].map((item) => {
        const entry = make('li', {}, item.querySelector('.swatch').cloneNode(true), make('span', {}, item.querySelector('.entry').firstChild.textContent));
        return entry;
      }));
    },

    printScale(c, { zoom, centre, size, ratio }) {
      const metres = (40075016.68557849 * Math.cos((centre.lat * Math.PI) / 180)) / (256 * 2 ** zoom);
      const most = metres * 180;
      const unit = 10 ** Math.floor(Math.log10(most));
      const length = unit * [5, 2, 1].find((k) => k * unit <= most);
      const width = length / metres;
      c.setTransform(ratio, 0, 0, ratio, 0, 0);
      c.fillStyle = 'rgba(255,255,255,0.85)';
      c.fillRect(10, size.y - 40, width + 20, 32);
      c.strokeStyle = c.fillStyle = '#17202b';
      c.lineWidth = 1.5;
      c.beginPath();
      c.moveTo(20, size.y - 22); c.lineTo(20, size.y - 16); c.lineTo(20 + width, size.y - 16); c.lineTo(20 + width, size.y - 22);
      c.stroke();
      c.font = `600 12px ${planner.FONT}`;
      c.textAlign = 'left';
      c.textBaseline = 'middle';
      c.fillText(this.write.metres(length).replace(/[.,]0+(?=\D)/, ''), 24, size.y - 29);
    },
  };
})();
