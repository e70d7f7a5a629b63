"""Medians, the better variant of each engine, ratios; as a Markdown table."""
import statistics

Samples = dict[str, dict[str, dict[str, list[float]]]]  # engine -> variant -> test -> tokens a second


def medians(samples: Samples) -> dict[str, dict[str, dict]]:
    """engine -> test -> the better variant's median, with its name, lowest, highest and count."""
    result: dict[str, dict[str, dict]] = {}
    for engine, variants in samples.items():
        best = result.setdefault(engine, {})
        for variant, tests in variants.items():
            for test, values in tests.items():
                median = statistics.median(values) if values else 0
                if values and (test not in best or median > best[test]["median"]):
                    best[test] = {"median": median, "variant": variant, "min": min(values), "max": max(values),
                                  "samples": len(values)}
    return result


def ratios(best: dict[str, dict[str, dict]], ours: str = "estoc") -> dict[str, dict[str, float]]:
    """engine -> test -> our median over its."""
    return {engine: {test: best[ours][test]["median"] / entry["median"] for test, entry in tests.items()
                     if test in best.get(ours, {})} for engine, tests in best.items() if engine != ours}


def table(tests: list[str], best: dict[str, dict[str, dict]], over: dict[str, dict[str, float]]) -> str:
    engines = list(best)
    peers = [engine for engine in engines if engine in over]
    head = ["test", *(f"{engine} tok/s" for engine in engines), *(f"estoc / {engine}" for engine in peers)]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for test in tests:
        cells = [test]
        for engine in engines:
            entry = best[engine].get(test)
            variant = f" ({entry['variant']})" if entry and entry["variant"] else ""
            cells.append(f"{entry['median']:,.1f}{variant}" if entry else "-")
        cells += [f"{over[engine][test]:.2f}" if test in over[engine] else "-" for engine in peers]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
