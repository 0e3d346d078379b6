// Small helpers of the page: nodes, words, numbers.  Whatever a person reads is set as text.
'use strict';

(function () {
  const SVG = 'http://www.w3.org/2000/svg';
  const SHORT = { st: 'saint', ste: 'sainte', sts: 'saints', stes: 'saintes', nd: 'notre dame', gd: 'grand', gde: 'grande', pt: 'petit', pte: 'petite' };

  planner.one = (id) => document.getElementById(id);

  function fill(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    node.append(...children.filter((child) => child !== null && child !== undefined));
    return node;
  }

  planner.make = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
  planner.draw = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

  // Lower case, without accents, abbreviations in full: "st" is "saint".
  planner.fold = (text) => text.normalize('NFKD').replace(/[\u0300-\u036f]/g, '').toLowerCase()
    .replace(/œ/g, 'oe').replace(/æ/g, 'ae').replace(/[^a-z0-9]+/g, ' ').trim().split(' ')
    .map((word) => SHORT[word] || word).join(' ');

  planner.makeWriter = function (lang, texts) {
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
      // large sums, for reading at a glance; the exact one stands in the table
      millions: (value) => {
        if (Math.abs(value) < 1e8) return number(value / 100, value % 100 ? 2 : 0) + (french ? '\u202f€' : '');
        return french ? number(value / 1e8, 1) + '\u202fM€' : '€' + number(value / 1e8, 1) + 'M';
      },
      metres: (value) => (value < 1000 ? number(value) + '\u202fm' : number(value / 1000, value < 1e5 ? 2 : 1) + '\u202fkm'),
    };
  };

  planner.calm = () => window.matchMedia('(prefers-reduced-motion: reduce)').matches;
})();
