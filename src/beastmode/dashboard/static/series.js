// Draws the charts of the overview from the figures that the page has, and draws them on as the page is made anew.
"use strict";
(() => {
  const HEIGHT = 190;
  const plots = new Map();

  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // Times and money in the words of the page around them (amounts.py).
  function length(seconds) {
    if (seconds === 0) return "0 s";
    if (seconds < 0.0995) return seconds < 0.0005 ? "< 1 ms" : `${Math.max(1, Math.round(seconds * 1000))} ms`;
    if (seconds < 59.95) return `${+seconds.toFixed(seconds < 9.995 ? 2 : 1)} s`;
    const whole = Math.round(seconds);
    const pair = (large, small) => `${large} ${whole < 3600 ? "min" : "h"} ${String(small).padStart(2, "0")} ${whole < 3600 ? "s" : "min"}`;
    return whole < 3600 ? pair(Math.floor(whole / 60), whole % 60) : pair(Math.floor(whole / 3600), Math.floor(whole / 60) % 60);
  }

  function usd(dollars) {
    if (dollars > 0 && dollars < 5e-7) return "< $0.000001";
    const digits = dollars >= 0.99995 || dollars === 0 ? 2 : dollars >= 0.0099995 ? 4 : 6;
    return `$${dollars.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: digits })}`;
  }

  // A step between two that have nothing makes no line.
  function alone(plot, place) {
    const values = plot.data[place];
    return [...values.keys()].filter((at) => values[at] != null && values[at - 1] == null && values[at + 1] == null);
  }

  const WORDS = {
    rate: (value) => `${+value.toPrecision(3)}/s`,
    time: length,
    usd,
  };

  function options(content, width) {
    const words = WORDS[content.unit];
    const long = content.times.at(-1) - content.times[0] > 2 * 86400;
    const short = long ? { weekday: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit" };
    const full = { dateStyle: "short", timeStyle: "short" };
    const moment = (unix, form) => new Date(unix * 1000).toLocaleString(undefined, form);
    const axis = { stroke: style("--soft"), grid: { stroke: style("--line"), width: 1 }, ticks: { show: false } };
    return {
      width,
      height: HEIGHT,
      padding: [10, 30, 0, 0],
      cursor: { drag: { setScale: false } },
      legend: { markers: { dash: (plot, place) => (plot.series[place].dash ? "dashed" : "solid") } },
      scales: { y: { range: (plot, least, most) => [0, most > 0 ? most * 1.1 : 1] } },
      axes: [
        { ...axis, space: 75, values: (plot, ticks) => ticks.map((unix) => moment(unix, short)) },
        { ...axis, size: 64, values: (plot, ticks) => ticks.map(words) },
      ],
      series: [
        { label: "from", value: (plot, unix) => (unix == null ? "" : moment(unix, full)) },
        ...content.lines.map((line) => ({
          label: line.name,
          stroke: style(`--${line.colour}`),
          width: 1.75,
          dash: line.dash.length ? line.dash : undefined,
          points: { show: true, size: 6, fill: style(`--${line.colour}`), filter: alone },
          value: (plot, value) => (value == null ? "–" : words(value)),
        })),
      ],
    };
  }

  // Where no pointer asks for another step, the legend has the figures of the last one.
  function showLast(plot) {
    requestAnimationFrame(() => plot.cursor.idx == null && plot.setLegend({ idx: plot.data[0].length - 1 }));
  }

  function draw(host) {
    const said = host.dataset.series;
    const known = plots.get(host);
    if (known && known.said === said) return;
    const content = JSON.parse(said);
    const data = [content.times, ...content.lines.map((line) => line.values)];
    if (known) {
      known.said = said;
      known.plot.setData(data);
      showLast(known.plot);
      return;
    }
    const plot = new uPlot(options(content, host.clientWidth), data, host);
    plots.set(host, { said, plot });
    showLast(plot);
    plot.over.addEventListener("mouseleave", () => showLast(plot));
    resized.observe(host);
  }

  function drawAll() {
    for (const [host, { plot }] of plots) {
      if (!host.isConnected) {
        plot.destroy();
        plots.delete(host);
        resized.unobserve(host);
      }
    }
    document.querySelectorAll(".chart").forEach(draw);
  }

  const resized = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const known = plots.get(target);
      if (known && target.clientWidth) known.plot.setSize({ width: target.clientWidth, height: HEIGHT });
    }
  });

  // What was drawn is not in the page that the server makes, and stays.
  const before = Idiomorph.defaults.callbacks.beforeNodeRemoved;
  Idiomorph.defaults.callbacks.beforeNodeRemoved = (node) => {
    if (node.classList && node.classList.contains("uplot")) return false;
    return before ? before(node) : true;
  };

  // Colours are of the style sheet, so they are asked for again where it changes.
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const { plot } of plots.values()) plot.destroy();
    plots.clear();
    drawAll();
  });

  document.addEventListener("shown", drawAll);
  drawAll();
})();
