// The wishes of an EPCI as they are edited: ranks without holes, one step back at a time.
'use strict';

(function () {
  planner.Wishes = class {
    constructor(sheet) {
      this.sheet = sheet;
      this.all = sheet.sectors.id.map(() => ({ rank: null, stance: null }));
      this.past = [];
    }

    get isEmpty() {
      return this.all.every((wish) => wish.rank === null && wish.stance === null);
    }

    canRequire(k) {
      const { sectors } = this.sheet;
      return sectors.phase[k] === null && sectors.decider[k] === null;
    }

    // Under the exact rule a rank is a vote with the EPCI's own lines, whoever decides.
    canRank(k) {
      const { sectors } = this.sheet;
      return this.canRequire(k) || (this.sheet.exact && sectors.phase[k] === null && sectors.lines[k] > 0);
    }

    canRefuse(k) {
      return this.sheet.sectors.phase[k] === null;
    }

    // Sectors rank by rank, each rank in the order of the sheet.
    groups() {
      const byRank = new Map();
      this.all.forEach((wish, k) => {
        if (wish.rank === null) return;
        if (!byRank.has(wish.rank)) byRank.set(wish.rank, []);
        byRank.get(wish.rank).push(k);
      });
      return [...byRank.keys()].sort((a, b) => a - b).map((rank) => byRank.get(rank));
    }

    keep() {
      this.past.push(JSON.stringify(this.all));
      if (this.past.length > 200) this.past.shift();
    }

    undo() {
      if (this.past.length) this.all = JSON.parse(this.past.pop());
    }

    clear() {
      this.keep();
      this.all = this.all.map(() => ({ rank: null, stance: null }));
    }

    load(rows) {
      this.keep();
      const place = new Map(this.sheet.sectors.id.map((id, k) => [id, k]));
      this.all = this.all.map(() => ({ rank: null, stance: null }));
      for (const row of rows) {
        if (place.has(row.sector_id)) this.all[place.get(row.sector_id)] = { rank: row.rank, stance: row.stance };
      }
    }

    rows() {
      const { id } = this.sheet.sectors;
      return this.all.map((wish, k) => ({ sector_id: id[k], rank: wish.rank, stance: wish.stance }))
        .filter((row) => row.rank !== null || row.stance !== null);
    }

    _write(groups) {
      this.all.forEach((wish) => { wish.rank = null; });
      groups.filter((group) => group.length).forEach((group, at) => group.forEach((k) => { this.all[k].rank = at + 1; }));
    }

    _without(k) {
      return this.groups().map((group) => group.filter((other) => other !== k)).filter((group) => group.length);
    }

    // Give sector k the place of a rank, pushing the others; null takes it out of the ranking.
    rank(k, at) {
      this.keep();
      const groups = this._without(k);
      if (at !== null) {
        groups.splice(Math.max(0, Math.min(at - 1, groups.length)), 0, [k]);
        if (this.all[k].stance === 'required') this.all[k].stance = null;
      }
      this._write(groups);
    }

    rankLast(k) {
      this.rank(k, this._without(k).length + 1);
    }

    move(k, step) {
      this.keep();
      const groups = this.groups();
      const at = groups.findIndex((group) => group.includes(k));
      if (groups[at].length > 1) {
        const rest = groups[at].filter((other) => other !== k);
        groups.splice(at, 1, ...(step < 0 ? [[k], rest] : [rest, [k]]));
      } else if (groups[at + step]) {
        [groups[at], groups[at + step]] = [groups[at + step], groups[at]];
      }
      this._write(groups);
    }

    // Put sector k at the rank of the group before its own.
    tie(k) {
      this.keep();
      const groups = this.groups();
      const at = groups.findIndex((group) => group.includes(k));
      if (at > 0) {
        groups[at] = groups[at].filter((other) => other !== k);
        groups[at - 1].push(k);
      }
      this._write(groups);
    }

    // A required sector leaves the ranking, where it has no use; a refused one stays there until
    // the reader says which of the two holds.
    stance(k, stance) {
      this.keep();
      this.all[k].stance = stance;
      if (stance === 'required') this._write(this._without(k));
    }

    wipe(k) {
      this.keep();
      this.all[k].stance = null;
      this._write(this._without(k));
    }
  };
})();
