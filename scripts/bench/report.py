"""Every round as a row, and what the rounds come to."""
import datetime, json, os, statistics

from scenarios import ALL, named

SCENARIOS = {scenario.name: scenario for scenario in ALL}
FOLDER = ".build/bench"


class Report:
    def __init__(self):
        self.rows, self.facts = [], []

    def fact(self, words, peer, value, aim=None, digits=0):
        self.facts.append({"what": words, "peer": peer, "value": round(value, digits) if digits else round(value), "aim": aim})

    def median(self, scenario, peer, field):
        values = [r[field] for r in self.rows if r["scenario"] == scenario and r["peer"] == peer and r.get(field) is not None]
        return statistics.median(values) if values else None

    def ratio(self, scenario, peer, base):
        """The median over the rounds of the ratios within a round: what slows a round slows both."""
        cost = {(r["peer"], r["round"]): r["cpu_us"] for r in self.rows if r["scenario"] == scenario and "cpu_us" in r}
        ratios = [value / cost[base, number] for (name, number), value in cost.items() if name == peer and (base, number) in cost]
        return statistics.median(ratios) if ratios else None

    def summary(self):
        lines = []
        for name in dict.fromkeys(r["scenario"] for r in self.rows if "cpu_us" in r):
            scenario = SCENARIOS[name]
            for peer in scenario.peers:
                if any(self.ratio(name, peer, base) is None for base in ("nginx", *scenario.aims)):
                    continue  # The run was ended before this peer's turn.
                compared = [{"base": base, "ratio": self.ratio(name, peer, base), "aim": aim} for base, aim in scenario.aims.items()]
                lines.append({
                    "scenario": name, "title": scenario.title, "peer": peer, "cpu_us": self.median(name, peer, "cpu_us"),
                    "ratio_to_nginx": self.ratio(name, peer, "nginx"), "compared": compared if peer == "postern" else [],
                    "rps": self.median(name, peer, "rps"), "p50_us": self.median(name, peer, "p50_us"),
                    "p99_us": self.median(name, peer, "p99_us")})
        return lines

    def misses(self):
        found = [f"{line['scenario']}: {one['ratio']:.2f} × {named(one['base'])}, aim {one['aim']:.2f}" for line in self.summary()
                 for one in line["compared"] if one["ratio"] > one["aim"]]
        return found + [f"{fact['what']}: {fact['value']}, aim {fact['aim']}" for fact in self.facts
                        if fact["aim"] is not None and fact["value"] > fact["aim"]]

    def markdown(self):
        number = lambda value: "" if value is None else f"{value:,.0f}"
        lines = ["| scenario | peer | CPU µs/request | ÷ nginx | ÷ compared with | aim | requests/s | p50 µs | p99 µs |",
                 "|---|---|---:|---:|---|---:|---:|---:|---:|"]
        last = None
        rows = self.summary()
        lines = lines if rows else []
        for row in rows:
            shown = f"{row['scenario']} {row['title']}" if row["scenario"] != last else ""
            last = row["scenario"]
            label = SCENARIOS[row["scenario"]].label
            against = ", ".join(f"**{one['ratio']:.2f}** {label(one['base'])}" for one in row["compared"])
            aims = ", ".join(str(one["aim"]) for one in row["compared"])
            lines.append(f"| {shown} | {label(row['peer'])} | {row['cpu_us']:,.1f} | {row['ratio_to_nginx']:.2f} | {against} | "
                         f"{aims} | {number(row['rps'])} | {number(row['p50_us'])} | {number(row['p99_us'])} |")
        peers = [p for p in ("backend", "nginx", "haproxy", "postern") if any(f["peer"] == p for f in self.facts)]
        if peers:
            lines += ["", "| | " + " | ".join(map(named, peers)) + " | aim |",
                      "|---|" + "---:|" * (len(peers) + 1)]
        for words in dict.fromkeys(fact["what"] for fact in self.facts):
            here = {fact["peer"]: fact for fact in self.facts if fact["what"] == words}
            aim = next((fact["aim"] for fact in here.values() if fact["aim"] is not None), "")
            cells = [f"{here[peer]['value']:,}" if peer in here else "" for peer in peers]
            lines.append(f"| {words} | {' | '.join(cells)} | {aim} |")
        return "\n".join(lines)

    def write(self, options, is_recorded):
        os.makedirs(FOLDER, exist_ok=True)
        whole = {"rounds": options.rounds, "seconds": options.seconds, "summary": self.summary(), "facts": self.facts}
        with open(f"{FOLDER}/report.json", "w") as file:
            json.dump(whole, file, indent=1)
        with open(f"{FOLDER}/report.md", "w") as file:
            file.write(self.markdown() + "\n")
        places = [f"{FOLDER}/rows.json"]
        if is_recorded:
            places.append(f"Benchmarks/results/{datetime.date.today().isoformat()}.json")
        for place in places:
            with open(place, "w") as file:
                rows = [json.dumps(row, ensure_ascii=False) for row in self.rows + self.facts]
                file.write("[\n " + ",\n ".join(rows) + "\n]\n")
        print(self.markdown())
        missed = self.misses()
        print("\n" + ("Every aim is reached." if not missed else "Missed:\n  " + "\n  ".join(missed)))
        print(f"Written to {FOLDER}/report.json, report.md (medians) and {' and '.join(places)} (every round).")
