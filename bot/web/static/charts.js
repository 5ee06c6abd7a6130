// Draws what `data-chart` holds with plotly, in the colours of the style sheet, anew when these change. Without plotly the table below says it all.
// A token may be light-dark(a, b): what the browser makes of it is read from an element that has it.
function colour(name) {
  const probe = document.createElement('span')
  probe.hidden = true
  document.body.append(probe)
  probe.style.setProperty('color', `var(--${name})`)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}

function draw(box) {
  const { labels, series, unit, name } = JSON.parse(box.dataset.chart)
  const text = colour('muted'), line = colour('line')
  const traces = series.map(each => ({
    type: 'bar', name: each.name, x: labels, y: each.values, marker: { color: colour(each.colour) },
    hovertemplate: `%{x}<br>${unit}%{y}<extra>%{fullData.name}</extra>`,
  }))
  const axis = { gridcolor: line, linecolor: line, zerolinecolor: line, automargin: true, fixedrange: true }
  const layout = {
    barmode: 'stack', paper_bgcolor: 'rgba(0,0,0,0)', plot_bgcolor: 'rgba(0,0,0,0)', bargap: .3, showlegend: series.length > 1,
    margin: { l: 48, r: 8, t: box.clientWidth < 500 ? 22 * series.length : 36, b: 32 }, legend: { orientation: 'h', y: 1.02, yanchor: 'bottom', x: 0 }, font: { family: 'system-ui, sans-serif', size: 12, color: text },
    xaxis: axis, yaxis: { ...axis, tickprefix: unit, rangemode: 'tozero' }, hoverlabel: { bgcolor: colour('panel'), bordercolor: line, font: { color: colour('text') } },
  }
  box.replaceChildren()
  globalThis.Plotly.newPlot(box, traces, layout, { displayModeBar: false, responsive: true })
  box.setAttribute('aria-label', box.getAttribute('aria-label') ?? name)
}

const all = () => document.querySelectorAll('[data-chart]').forEach(draw)
if (globalThis.Plotly) {
  all()
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', all)
  new MutationObserver(all).observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] })
}
