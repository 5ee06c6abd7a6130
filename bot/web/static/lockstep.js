// Keeps a page fresh and handy; without it every page and form works all the same. One stream of events a visible tab says that something has
// happened; the page is then asked for again, which costs nothing when it is the same, and only what differs is put in place, so that focus,
// open details and scroll positions stay.
const html = document.documentElement, body = document.body
const byId = id => document.getElementById(id)
html.classList.add('js')

// ---- putting a new page in place of the old one
const key = node => node.nodeType === 1 ? node.id || node.dataset.key || node.getAttribute('aria-labelledby') || '' : ''
const alike = (one, other) => one.nodeType === other.nodeType && one.nodeName === other.nodeName && key(one) === key(other)

function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return
  if (old.nodeType !== 1) { old.data = fresh.data; return }
  if (old.dataset.chart !== undefined) { old.dataset.chart = fresh.dataset.chart ?? '[]'; return }
  for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name) && name !== 'open') old.removeAttribute(name)
  for (const name of fresh.getAttributeNames()) if (name !== 'open' && old.getAttribute(name) !== fresh.getAttribute(name)) old.setAttribute(name, fresh.getAttribute(name))
  let at = old.firstChild
  for (const next of [...fresh.childNodes]) {
    let found = at
    if (!found || !alike(found, next)) {
      found = key(next) ? [...old.childNodes].find(node => alike(node, next)) : null
      if (found) old.insertBefore(found, at)
    }
    if (found) { morph(found, next); at = found.nextSibling } else {
      const added = document.importNode(next, true)
      old.insertBefore(added, at)
      if (added.nodeType === 1 && ['LI', 'TR'].includes(added.nodeName)) {
        added.classList.add('fresh')
        added.addEventListener('animationend', () => added.classList.remove('fresh'), { once: true })
      }
    }
  }
  while (at) { const gone = at; at = at.nextSibling; gone.remove() }
}

// ---- times in the reader's own zone; pages say them in UTC
const iso = at => new Date(at - at.getTimezoneOffset() * 60_000).toISOString().replace('T', ' ')

function localized(page) {
  for (const time of page.querySelectorAll('time:not([title])')) {
    const at = new Date(time.dateTime)
    if (isNaN(at)) continue
    time.title = time.dateTime
    time.textContent = time.textContent.replace(/(\d{4}-\d\d-\d\d )?\d\d:\d\d(:\d\d)?$/, (_, date, seconds) =>
      iso(at).slice(iso(at).startsWith(iso(new Date()).slice(0, 10)) ? 11 : 0, seconds ? 19 : 16))
  }
  for (const zone of page.querySelectorAll('[data-zone]')) zone.textContent = Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'local time'
  return page
}
localized(document)

async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: 'text/html' } })
  if (!answer.ok) return
  const page = localized(new DOMParser().parseFromString(await answer.text(), 'text/html'))
  for (const place of ['main', 'footer']) {
    const [old, fresh] = [document.querySelector(place), page.querySelector(place)]
    if (old && fresh) morph(old, fresh)
  }
  document.title = page.title
  document.dispatchEvent(new Event('lockstep:fresh'))
}

document.querySelector('nav [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' })

// A large graph begins where something is open, not at an empty corner.
const graph = document.querySelector('.scroll .graph')
if (graph) {
  const open = graph.querySelectorAll('.box.failed > rect, .box.needs_human > rect, .box.on-path:not(.done) > rect')
  const place = (rect, name) => Number(rect.getAttribute(name))
  const first = [...open].sort((one, other) => place(one, 'x') - place(other, 'x'))[0]
  const room = graph.parentElement
  if (first) room.scrollTo(place(first, 'x') - 40, place(first, 'y') - room.clientHeight / 2)
}

// ---- the stream
const about = body.dataset.live, mark = byId('_live')
let stream = null, last = body.dataset.after ?? '0', busy = false, again = false

function show(text, on) {
  mark.hidden = false
  mark.textContent = text
  mark.classList.toggle('on', on)
}

async function changed() {
  if (busy) { again = true; return }
  busy = true
  const began = performance.now()
  do {
    again = false
    try { await refresh() } catch { break }
    // A page that takes long to make is not asked for without a pause.
    await new Promise(done => setTimeout(done, Math.max(100, 2 * (performance.now() - began))))
  } while (again)
  busy = false
}

function heard(event) {
  last = event.lastEventId || last
  if (about === '*') { changed(); return }
  try { if (JSON.parse(event.data).plan === about) changed() } catch { changed() }
}

function listen() {
  stream = new EventSource(`/api/v1/events?after=${encodeURIComponent(last)}`)
  stream.onopen = () => show('Live', true)
  stream.onerror = () => {
    show(`Not live since ${new Date().toTimeString().slice(0, 5)}`, false)
    if (stream.readyState === EventSource.CLOSED) setTimeout(() => { if (!document.hidden) { changed(); listen() } }, 30_000)
  }
  stream.onmessage = heard
  stream.addEventListener('moment', heard)
  stream.addEventListener('reset', () => { last = ''; stream.close(); changed().then(listen) })
}

if (about) {
  listen()
  document.addEventListener('visibilitychange', () => {
    stream.close()
    if (document.hidden) show('Paused', false)
    else { changed(); listen() }
  })
}

// What was just asked for may come to an answer that is no event.
for (const pause of document.querySelector('[data-waits]') ? [400, 1200, 3000, 8000] : []) {
  setTimeout(() => { if (document.querySelector('[data-waits]')) changed() }, pause)
}

// ---- copy, theme, keys
const said = text => { byId('_said').textContent = text }

document.addEventListener('click', async event => {
  const button = event.target.closest('[data-copy]')
  if (!button) return
  try {
    await navigator.clipboard.writeText(button.dataset.copy)
    button.textContent = 'Copied'
    said(`Copied ${button.dataset.copy}`)
    setTimeout(() => { button.textContent = 'Copy' }, 1500)
  } catch { getSelection().selectAllChildren(button.previousElementSibling) }
})

byId('_theme').addEventListener('click', () => {
  const dark = (html.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  html.dataset.theme = dark ? 'light' : 'dark'
  document.cookie = `theme=${html.dataset.theme}; path=/; max-age=31536000; samesite=lax`
  said(`${html.dataset.theme} colours`)
})

const places = { n: '/', p: '/plans', f: '/fleet', e: '/failures', a: '/budget', m: '/money', l: '/learning', d: '/deliveries' }
const keys = [['/', 'search'], ['j k', 'next, previous row'], ['Enter', 'open it'], ['c', 'copy its command'], ['g n', 'Now'], ['g p', 'Plans'], ['g f', 'Fleet'], ['t', 'dark or light'], ['?', 'these keys']]
let going = false

function help() {
  let dialog = document.querySelector('dialog')
  if (!dialog) {
    dialog = document.createElement('dialog')
    dialog.setAttribute('aria-labelledby', '_help')
    const title = document.createElement('h2'), list = document.createElement('dl'), close = document.createElement('button')
    title.id = '_help'
    title.textContent = 'Keys'
    for (const [press, does] of keys) {
      const term = document.createElement('dt'), what = document.createElement('dd'), cap = document.createElement('kbd')
      cap.textContent = press
      term.append(cap)
      what.textContent = does
      list.append(term, what)
    }
    const off = document.createElement('button')
    off.textContent = localStorage.keys === 'off' ? 'Turn single keys on' : 'Turn single keys off'
    off.addEventListener('click', () => { localStorage.keys = localStorage.keys === 'off' ? 'on' : 'off'; dialog.remove() })
    close.textContent = 'Close'
    close.addEventListener('click', () => dialog.close())
    dialog.append(title, list, close, ' ', off)
    body.append(dialog)
  }
  dialog.showModal()
}
byId('_keys').addEventListener('click', help)

function step(by) {
  const rows = [...document.querySelectorAll('main .rows > li a, main tbody th a')].filter((link, at, all) => all.findIndex(other => other.closest('li,tr') === link.closest('li,tr')) === at)
  const at = rows.findIndex(link => link.closest('li,tr')?.contains(document.activeElement))
  rows[Math.min(Math.max(at + by, 0), rows.length - 1)]?.focus()
}

// In the graph arrows lead to the nearest box on that side.
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }

function cross(box, [x, y]) {
  const middle = each => { const at = each.querySelector('rect').getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2] }
  const [fromX, fromY] = middle(box)
  let best = null, least = Infinity
  for (const other of box.closest('.graph').querySelectorAll('.box')) {
    const [dx, dy] = middle(other).map((at, axis) => at - [fromX, fromY][axis])
    const ahead = dx * x + dy * y, aside = Math.abs(dx * y) + Math.abs(dy * x)
    if (ahead > 8 && ahead + 2 * aside < least) { least = ahead + 2 * aside; best = other }
  }
  best?.focus()
}

document.addEventListener('keydown', event => {
  const box = event.target.closest('.box')
  if (box && ARROWS[event.key]) { event.preventDefault(); cross(box, ARROWS[event.key]); return }
  if (localStorage.keys === 'off' || event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input,select,textarea,dialog[open]')) return
  if (going) { going = false; if (places[event.key]) location.href = places[event.key]; return }
  const does = {
    '/': () => byId('_search').focus(), j: () => step(1), k: () => step(-1), g: () => { going = true }, t: () => byId('_theme').click(), '?': help,
    c: () => document.activeElement.closest('li,tr')?.querySelector('[data-copy]')?.click(),
  }[event.key]
  if (does) { event.preventDefault(); does() }
})
