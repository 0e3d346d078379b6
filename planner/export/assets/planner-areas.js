// The light page: outlines and names of layers of areas, each ring an arc of its own.
'use strict';

(function () {
  const { one, make } = planner;
  planner.FONT = 'system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
  const GROUND = { fill: '#f3f2ee', ink: '#6f6759', pattern: 'solid' };

  class Outlines {
    constructor(map, head, stream) {
      this.map = map;
      this.head = head;
      this.write = planner.makeWriter(head.lang, head.texts);
      this.read(stream);
    }

    // planner/export/map/areas.py writes it.
    read(stream) {
      let at = 0;
      const next = () => {
        let value = stream[at] & 0x7f;
        for (let shift = 7; stream[at++] & 0x80; shift += 7) value += (stream[at] & 0x7f) * 2 ** shift;
        return value;
      };
      const column = (length) => Array.from({ length }, next);
      const { layers } = this.head;
      const owned = layers.map((layer) => column(layer.names.length));
      const sizes = layers.map((layer) => column(layer.rings));
      const steps = [];
      const left = [];
      const labels = {};
      const lengths = [];
      let face = 0;
      layers.forEach((layer, k) => {
        labels[layer.key] = new Array(face).fill(-1);
        let ring = 0;
        let x = 0; // differences run on from ring to ring, arcs begin anew
        let y = 0;
        layer.names.forEach((_, area) => {
          labels[layer.key].push(area);
          for (let r = 0; r < owned[k][area]; r++, ring++) {
            const size = sizes[k][ring];
            let first = null;
            let [px, py] = [0, 0];
            for (let i = 0; i < size; i++) {
              const [a, b] = [next(), next()];
              x += a & 1 ? -(a + 1) / 2 : a / 2;
              y += b & 1 ? -(b + 1) / 2 : b / 2;
              first = first || [x, y];
              steps.push(x - px, y - py);
              [px, py] = [x, y];
            }
            steps.push(first[0] - px, first[1] - py);
            lengths.push(size + 1);
            left.push(face);
          }
          face += 1;
        });
      });
      if (at !== stream.length) throw new Error('areas: the block is cut');
      for (const key of Object.keys(labels)) while (labels[key].length < face) labels[key].push(-1);
      this.topology = new planner.Topology({
        zoom: this.head.zoom, sizes: lengths, steps, left, right: new Array(left.length).fill(-1), labels,
      });
      this.outlines = Object.fromEntries(layers.map((layer) => [
        layer.key, this.topology.outlines(labels[layer.key], layer.names.length)]));
    }

    rings(kind, position) {
      return this.outlines[kind][position].arcs.map((arc) => ({ arcs: [arc], box: [...this.topology.boxes.slice(4 * arc, 4 * arc + 4)] }));
    }

    start() {
      document.documentElement.classList.add('js');
      const { map, head, topology } = this;
      const line = (layer) => ({
        shown: true, arcs: this.outlines[layer.key].flatMap((area) => area.arcs),
        style: { ...layer, color: layer.key === 'sector' ? '#a3194e' : layer.color, halo: 0, fromZoom: 0 },
      });
      const all = head.layers.flatMap((layer) => layer.names.map((_, k) => this.rings(layer.key, k)));
      this.scene = {
        classes: all.map((rings) => ({ style: GROUND, rings, shown: true })),
        lines: head.layers.map(line), names: [], picked: null, premises: null, areaShare: 1, veil: null, path: null,
      };
      this.canvas = new planner.Canvas(topology, this.scene);
      map.invalidateSize({ animate: false });
      const box = [0, 1, 2, 3].map((k) => topology.boxes.filter((_, i) => i % 4 === k)
        .reduce((a, b) => (k < 2 ? Math.min(a, b) : Math.max(a, b))));
      this.fit(box);
      this.canvas.addTo(map);
      L.control.scale({ imperial: false, position: 'bottomleft' }).addTo(map);
      L.control.zoom({ position: 'topleft', zoomInTitle: head.texts.zoom_in, zoomOutTitle: head.texts.zoom_out }).addTo(map);
      const container = map.getContainer();
      container.setAttribute('role', 'application');
      container.setAttribute('aria-label', head.texts.map);
      new ResizeObserver(() => { if (container.offsetWidth) map.invalidateSize({ pan: false }); }).observe(container);
      this.watch();
    }

    fit(box) {
      const corner = (x, y) => this.map.unproject([x, y], this.topology.zoom);
      this.map.fitBounds(L.latLngBounds(corner(box[0], box[3]), corner(box[2], box[1])), { padding: [16, 16], animate: false });
    }

    // Names of the areas at a place, the layers in their order.
    at(latlng) {
      const point = this.map.project(latlng, this.topology.zoom);
      return this.head.layers.map((layer) => [layer, this.topology.find(this.outlines[layer.key], point.x, point.y)])
        .filter(([, area]) => area >= 0).map(([layer, area]) => ({ kind: layer.key, area, nom: layer.names[area] }));
    }

    pick(kind, area) {
      const layer = this.head.layers.find((entry) => entry.key === kind);
      this.scene.picked = { rings: this.rings(kind, area) };
      one('annonce').textContent = `${layer.names[area]} (${layer.codes[area]})`;
      this.canvas.refresh();
    }

    watch() {
      const { map, head } = this;
      const open = (latlng) => { const [first] = this.at(latlng); if (first) this.pick(first.kind, first.area); };
      map.on('click', (event) => open(event.latlng));
      map.getContainer().addEventListener('keydown', (event) => { if (event.key === 'Enter') open(map.getCenter()); });
      const tip = make('div', { class: 'tip', 'aria-hidden': 'true', hidden: '' });
      map.getContainer().append(tip);
      map.on('mousemove', (event) => {
        const found = this.at(event.latlng);
        tip.hidden = !found.length;
        tip.replaceChildren(...found.map((entry) => make('span', {}, entry.nom)));
        tip.style.transform = `translate(${Math.round(event.containerPoint.x + 14)}px, ${Math.round(event.containerPoint.y + 16)}px)`;
      });
      map.on('mouseout dragstart zoomstart', () => { tip.hidden = true; });
      document.addEventListener('change', (event) => {
        if (event.target.name !== 'layer') return;
        for (const line of this.scene.lines) if (line.style.key === event.target.value) line.shown = event.target.checked;
        this.canvas.refresh();
      });
      const places = new Map();
      for (const layer of head.layers) {
        layer.names.forEach((nom, area) => places.set(`${nom} (${layer.codes[area]})`, [layer.key, area]));
      }
      one('lieux').append(...[...places.keys()].map((words) => make('option', { value: words })));
      one('lieu').addEventListener('change', (event) => {
        const query = planner.fold(event.target.value);
        const words = [...places.keys()].find((key) => key === event.target.value)
          || [...places.keys()].find((key) => planner.fold(key).startsWith(query));
        if (!query || !words) { one('annonce').textContent = query ? head.texts.no_result : ''; return; }
        const [kind, area] = places.get(words);
        this.fit(this.outlines[kind][area].box);
        this.pick(kind, area);
      });
    }
  }

  planner.start = async function (map) {
    const blocks = [...document.querySelectorAll('script.donnees')];
    const [head, stream] = await Promise.all(blocks.map((block) => planner.inflate(planner.bytes(block.textContent), Number(block.dataset.bytes))));
    planner.page = new Outlines(map, JSON.parse(new TextDecoder().decode(head)), stream);
    planner.page.start();
    document.documentElement.classList.add('ready');
  };
})();
