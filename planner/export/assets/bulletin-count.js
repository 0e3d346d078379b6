// What a ballot comes to: the rules of planner/bulletin, again and in whole numbers.
// A test compares both on random ballots; nothing here touches the page.
'use strict';

(function () {
  const RULES = ['contradiction', 'required', 'tie', 'contiguity', 'envelope'];

  // sheet: see planner/export/bulletin/document.py; wishes[k] is {rank, stance} of sector k.
  planner.countBallot = function (sheet, wishes) {
    const { sectors } = sheet;
    const size = sectors.id.length;
    const keys = [...Array(size).keys()];
    const need = (lines) => (sheet.unit === 'eur' ? lines * sheet.centsPerLine : lines);
    const isOpen = (k) => sectors.phase[k] === null && sectors.decider[k] === null;
    const contradicts = (k) => wishes[k].rank !== null && wishes[k].stance === 'refused';
    const state = keys.map((k) => (sectors.phase[k] !== null ? 'settled' : sectors.decider[k] !== null ? 'theirs' : 'none'));
    const missing = Array(size).fill(null);
    const taken = Array(size).fill(false);
    let left = sheet.granted === null ? 0 : sheet.granted;
    const cost = (list) => need(list.reduce((sum, k) => sum + sectors.lines[k], 0));
    const fits = (list) => cost(list) <= left;
    const take = (k) => {
      if (!fits([k])) {
        missing[k] = cost([k]) - left;
        return false;
      }
      left -= cost([k]);
      taken[k] = true;
      return true;
    };

    for (const k of keys) {
      if (sectors.phase[k] !== null) continue;
      if (contradicts(k)) state[k] = 'contradiction';
      else if (wishes[k].stance === 'refused') state[k] = 'refused';
    }
    const required = keys.filter((k) => isOpen(k) && wishes[k].stance === 'required');
    for (const k of required) state[k] = take(k) ? 'required' : 'required_out';

    const ranked = keys.filter((k) => isOpen(k) && wishes[k].rank !== null && wishes[k].stance === null);
    const ranks = [...new Set(ranked.map((k) => wishes[k].rank))].sort((a, b) => a - b);
    const sign = { larger_first: -1, smaller_first: 1 }[sheet.ties] || 0;
    const tied = [];
    for (const rank of ranks) {
      const group = ranked.filter((k) => wishes[k].rank === rank);
      if (sheet.ties !== 'refuse' || fits(group)) {
        const order = [...group].sort((a, b) => sign * (sectors.premises[a] - sectors.premises[b]) || a - b);
        for (const k of order) state[k] = take(k) ? 'in' : 'out';
        continue;
      }
      const alone = group.filter((k) => fits([k]));
      for (const k of group) if (!alone.includes(k)) { take(k); state[k] = 'out'; }
      if (fits(alone)) {
        for (const k of alone) { take(k); state[k] = 'in'; }
      } else {
        for (const k of alone) state[k] = 'tie';
        tied.push([rank, alone]);
      }
    }

    const inside = keys.filter((k) => taken[k]);
    const lines = inside.reduce((sum, k) => sum + sectors.lines[k], 0);
    const used = need(lines);
    const found = [];
    const add = (rule, place, excess, values, words) => found.push({ rule, place, excess, values, words: words || rule });
    const unit = sheet.unit === 'eur' ? '_eur' : '';
    for (const k of keys) {
      if (state[k] === 'contradiction') add('contradiction', sectors.id[k], null, { sector: sectors.nom[k] });
    }
    const beyond = cost(required) - (sheet.granted === null ? 0 : sheet.granted);
    if (required.length && beyond > 0) {
      add('required', sheet.actor, beyond, { count: required.length, missing: beyond }, `required${unit}`);
    }
    for (const [rank, group] of tied) {
      add('tie', String(rank).padStart(6, '0'), null, { rank, sectors: group.map((k) => sectors.nom[k]).join(', ') });
    }
    const landings = landingsOf(sheet, keys.filter(isOpen), (k) => {
      if (contradicts(k) || (wishes[k].rank === null && wishes[k].stance === null)) return sheet.unranked === 'out';
      return wishes[k].stance === 'refused';
    });
    const starts = keys.map((k) => Boolean(sectors.reached[k]) || landings.has(k));
    const reached = sheet.contiguity ? reachedFrom(sectors, starts, taken) : new Set(keys);
    for (const k of inside) {
      if (!reached.has(k)) add('contiguity', sectors.id[k], null, { sector: sectors.nom[k] });
    }
    for (const k of ranked) {
      if (state[k] === 'out') {
        add('envelope', sectors.id[k], missing[k], { sector: sectors.nom[k], rank: wishes[k].rank, missing: missing[k] }, `envelope${unit}`);
      }
    }
    found.sort((a, b) => RULES.indexOf(a.rule) - RULES.indexOf(b.rule) || (a.place < b.place ? -1 : a.place > b.place ? 1 : 0));

    const gross = lines * sheet.centsPerLine;
    const credit = Math.min(gross, sheet.creditLeft);
    return {
      state, taken, missing, starts, lines, used,
      left: sheet.granted === null ? null : sheet.granted - used,
      gross: sheet.pays ? gross : null, credit: sheet.pays ? credit : null, net: sheet.pays ? gross - credit : null,
      far: new Set(inside.filter((k) => !reached.has(k))),
      breaches: found,
    };
  };

  // The largest sector that may enter, of each group of neighbours that touches nothing settled.
  function landingsOf(sheet, open, barred) {
    const { sectors } = sheet;
    const left = new Set(open);
    const landings = new Set();
    for (const first of open) {
      if (!left.delete(first)) continue;
      const group = [first];
      for (let at = 0; at < group.length; at++) {
        for (const other of sectors.neighbours[group[at]]) if (left.delete(other)) group.push(other);
      }
      if (group.some((k) => sectors.reached[k])) continue;
      group.sort((a, b) => barred(a) - barred(b) || sectors.premises[b] - sectors.premises[a] || a - b);
      landings.add(group[0]);
    }
    return landings;
  }

  // Sectors taken that phase 1 reaches, directly or through others that are taken.
  function reachedFrom(sectors, starts, taken) {
    const seen = new Set();
    const waiting = [];
    starts.forEach((is, k) => { if (is && taken[k]) { seen.add(k); waiting.push(k); } });
    while (waiting.length) {
      for (const other of sectors.neighbours[waiting.pop()]) {
        if (taken[other] && !seen.has(other)) { seen.add(other); waiting.push(other); }
      }
    }
    return seen;
  }
})();
