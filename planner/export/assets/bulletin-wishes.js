// The wishes of an EPCI as they are edited: a rank stays as it was given until another takes its
// place, whatever the order in which ranks are given; one step back at a time.
'use strict';

(function () {
  const MOST = 9999;  // the last rank that can be free before it

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

    // The sectors of each rank from the first on; a rank that none holds is free.
    _places() {
      const groups = this.groups();
      const rankOf = (group) => this.all[group[0]].rank;
      if (groups.length && rankOf(groups.at(-1)) > MOST) return groups;
      const places = [];
      groups.forEach((group) => { places[rankOf(group) - 1] = group; });
      return Array.from(places, (group) => group || []);
    }

    _write(places) {
      this.all.forEach((wish) => { wish.rank = null; });
      places.forEach((group, at) => group.forEach((k) => { this.all[k].rank = at + 1; }));
    }

    // The places without sector k; those after it move up when it was alone.
    _without(k) {
      return this._places().map((group) => (group.length === 1 && group[0] === k ? null : group.filter((other) => other !== k)))
        .filter((group) => group !== null);
    }

    // The rank after the last one.
    get next() {
      return this._places().length + 1;
    }

    // Give sector k a rank: a free one moves nobody, a taken one those from there to the rank that
    // k leaves, or to the next free one; null takes it out of the ranking.
    rank(k, given) {
      this.keep();
      const places = given === null ? this._without(k)
        : this._places().map((group) => group.filter((other) => other !== k));
      if (given !== null) {
        const at = Math.min(given, MOST) - 1;
        const left = this.all[k].rank === null ? -1 : this.all[k].rank - 1;
        while (places.length <= at) places.push([]);
        const isTaken = places[at].length > 0 && left !== at;
        if (isTaken) {
          const isFree = (place) => places[place] && !places[place].length;
          const free = left < at && isFree(left) ? left : places.findIndex((_, place) => place >= at && isFree(place));
          if (free >= 0) places.splice(free, 1);
          places.splice(at, 0, []);
        }
        places[at].push(k);
        if (this.all[k].stance === 'required') this.all[k].stance = null;
      }
      this._write(places);
    }

    rankLast(k) {
      this.rank(k, this.next);
    }

    move(k, step) {
      this.keep();
      const places = this._places();
      const at = places.findIndex((group) => group.includes(k));
      if (places[at].length > 1) {
        const rest = places[at].filter((other) => other !== k);
        places.splice(at, 1, ...(step < 0 ? [[k], rest] : [rest, [k]]));
      } else {
        let other = at + step;
        while (places[other] && !places[other].length) other += step;
        if (places[other]) [places[at], places[other]] = [places[other], places[at]];
      }
      this._write(places);
    }

    // Put sector k at the rank of the group before its own.
    tie(k) {
      this.keep();
      const groups = this.groups();
      const at = groups.findIndex((group) => group.includes(k));
      if (at > 0) {
        const before = groups[at - 1][0];
        const places = this._without(k);
        places.find((group) => group.includes(before)).push(k);
        this._write(places);
      }
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
