// The page: builds the parts, and leads what a person does to them.

import { html, nothing, render } from '../vendor/lit-html/lit-html.js'
import { Account, takeLink } from './account.js'
import { AccountDialog } from './account_view.js'
import { Edits } from './edits.js'
import { counted } from './list.js'
import { listView } from './list_view.js'
import { moveByKeys, moveByPointer } from './move.js'
import { Store } from './store.js'
import { Sync } from './sync.js'

const kNoticeFor = 8000 // ms that somebody sees it, and as long as it is looked at
const kMostNotices = 3
const kRows = 100 // drawn at once: 1,000 would take 200 ms, and others have to wait that long

const find = (selector) => document.querySelector(selector)
const list = find('.list')
const newTodo = find('.new-todo')

if (!isSecureContext) {
  find('.status').textContent = 'This page keeps you signed in over HTTPS only. Ask who runs it for the https:// address.'
  throw new Error('not a secure context')
}
if (!navigator.cookieEnabled) {
  find('.status').textContent = 'This page needs cookies to keep you signed in. Allow them for this address, and load it again.'
  throw new Error('no cookies')
}

const link = takeLink()
const store = await Store.open()
const edits = new Edits(store)
const sync = new Sync(store)
const account = new Account(store, sync)
const dialog = new AccountDialog(find('dialog.account'), account, { todos: () => store.todos.size, tell })

/** The todo that is being edited, as it was when that began. */
let editing = null
let drawing = false // soon
let rendering = false // now
let hash = '' // of the filter that is drawn
let most = kRows // that may be drawn now
let rest = 0 // the timer for the others

function drawNow() {
  drawing = false
  if (editing && !store.todos.has(editing.id)) keepWhatWasTyped()
  const focused = document.activeElement
  rendering = true // a row that changes its place loses the keyboard for a moment
  const rows = find('.todo-list')
  if (hash !== location.hash) {
    most = kRows
    if (rows) rows.hidden = true
    rows?.offsetHeight // what is not laid out goes in a tenth of the time
  }
  hash = location.hash
  const todos = [...store.todos.values()]
  render(listView({ todos, hash, most, editing: editing?.id }), list)
  rendering = false
  if (rows) rows.hidden = false
  if (focused !== document.activeElement && focused.isConnected) focused.focus({ preventScroll: true })
  const button = find('.account-button')
  button.disabled = false
  button.textContent = { visitor: 'Sign up', ended: 'Sign in again', everybody: 'Everybody' }[account.kind] ?? account.email
  sign()
  clearTimeout(rest)
  if (todos.length > most) rest = setTimeout(drawNow)
  most = Math.min(most, todos.length) + kRows
}
/** Once for all that happens in this turn. */
function draw() {
  if (!drawing) queueMicrotask(drawNow)
  drawing = true
}

// ---- The quiet sign. Only what a person may have to know is read out.

const kAloud = ['offline', 'signed-out', 'trouble', 'refused']
let signed = ''

function sign() {
  const { kind, until, text } = sync.status
  const waiting = store.ops.length
  const kept = waiting > 0 ? ` ${counted(waiting, 'change')} ${waiting === 1 ? 'is' : 'are'} kept here.` : ''
  const problem = sync.problem()
  const says = {
    idle: waiting > 0 ? 'Saving…' : store.todos.size === 0 ? '' : 'Saved', // soon: it may take a while to get an account
    sending: 'Saving…',
    offline: `Offline.${kept}`,
    busy: `The server is busy. Going on in ${counted(Math.max(1, Math.ceil((until - Date.now()) / 1000)), 'second')}.${kept}`,
    'signed-out': `Signed out.${kept}`,
    trouble: `${text}${kept}`,
  }[kind]
  const sentence = problem && `“${problem.title}”: ${problem.problem}`
  const refused = html`${sentence} <button type="button" class="link" data-do="again">Try again</button>
    <button type="button" class="link" data-do="give-up" data-key=${problem?.key}>Give up the change</button>`
  const shown = problem ? 'refused' : kind
  render(problem ? refused : says, find('.status'))
  find('.status').dataset.kind = shown
  const news = problem?.key ?? kind
  if (news !== signed && kAloud.includes(shown)) announce(sentence ?? says)
  signed = news
}
find('.status').addEventListener('click', ({ target, detail }) => {
  if (detail > 1) return // of a double click, which would reach the next one
  if (target.dataset.do === 'again') sync.tryAgain()
  else if (target.dataset.do === 'give-up') sync.giveUp(target.dataset.key)
  else return
  newTodo.focus()
})
setInterval(() => sync.status.kind === 'busy' && sign(), 1000)

// ---- Notices, the last one below.

let notices = []
let cameFrom = null // what had the keyboard before a notice

function tell(text, undo = null) {
  const notice = { text, undo }
  notices = [...notices, notice].slice(-kMostNotices)
  drawNotices()
  const end = () => {
    if (document.hidden) document.addEventListener('visibilitychange', () => setTimeout(end, kNoticeFor), { once: true })
    else if (find('.notices').matches(':hover, :focus-within')) setTimeout(end, 1000)
    else dismiss(notice)
  }
  setTimeout(end, kNoticeFor)
}
function dismiss(notice) {
  const focused = find('.notices').contains(document.activeElement)
  notices = notices.filter((other) => other !== notice)
  drawNotices()
  if (focused) (cameFrom?.isConnected ? cameFrom : newTodo).focus()
}
find('.notices').addEventListener('focusin', ({ currentTarget, relatedTarget }) => {
  if (!currentTarget.contains(relatedTarget)) cameFrom = relatedTarget
})
function drawNotices() {
  const one = (notice) => html`
    <p class="notice">
      <span>${notice.text}</span>
      ${notice.undo ? html`<button type="button" class="undo" @click=${() => undo(notice)}>Undo</button>` : nothing}
      <button type="button" class="close" aria-label="Dismiss" @click=${() => dismiss(notice)}></button>
    </p>
  `
  render(notices.map(one), find('.notices'))
}
function undo(notice) {
  notice.undo()
  dismiss(notice)
}
function removed(todos) {
  if (todos.length === 0) return
  const what = todos.length === 1 ? `“${todos[0].title}” is deleted.` : `${todos.length} todos are deleted.`
  tell(what, () => edits.restore(todos))
}
function announce(text) {
  find('.announcement').textContent = text
}

// ---- Editing: the title and the notes of one todo.

const rowOf = (element) => element.closest('.todo-list > li')
const beside = (row) => row.nextElementSibling ?? row.previousElementSibling
const rowWith = (id) => list.querySelector(`.todo-list > li[data-id="${id}"]`)

function edit(id) {
  leave({ keep: true }) // some browsers leave the keyboard where it was when a button is touched
  editing = store.todos.get(id) ?? null
  drawNow()
  const input = rowWith(id)?.querySelector('.edit')
  input?.focus()
  input?.setSelectionRange(input.value.length, input.value.length)
}
const written = (row) => ({ title: row.querySelector('.edit').value, notes: row.querySelector('.notes').value })

/** `keep`: what was written. `back`: the keyboard goes on where it began. */
function leave({ keep, back = false }) {
  const begun = editing
  const row = begun && rowWith(begun.id)
  if (!row) return
  const fields = written(row)
  editing = null
  if (keep) removed(edits.change(begun, fields))
  drawNow()
  if (back) (rowWith(begun.id)?.querySelector('.toggle') ?? newTodo).focus()
}
/** Somebody else has deleted what is being edited. */
function keepWhatWasTyped() {
  const todo = editing
  const fields = written(rowWith(todo.id))
  editing = null
  if (fields.title === todo.title && fields.notes === todo.notes) return
  edits.add(fields.title, fields.notes)
  tell(`“${todo.title}” was deleted elsewhere. Your version is kept as a copy.`)
}

list.addEventListener('dblclick', ({ target }) => {
  if (target.closest('.view .text')) edit(rowOf(target).dataset.id)
})
const onBlur = ({ target, relatedTarget }) => {
  const row = !rendering && target.matches?.('.edit, .notes') && rowOf(target)
  if (row && row.dataset.id === editing?.id && !row.contains(relatedTarget)) leave({ keep: true })
}
list.addEventListener('blur', onBlur, { capture: true })
list.addEventListener('keydown', (event) => {
  const { target, key, isComposing, keyCode } = event
  if (isComposing || keyCode === 229) return // 229: Safari's Enter that ends a composition
  if (target.matches('.edit, .notes')) {
    const enter = key === 'Enter' && (target.matches('.edit') || event.ctrlKey || event.metaKey)
    if (enter) leave({ keep: true, back: true })
    else if (key === 'Escape') leave({ keep: false, back: true })
    else return
    event.preventDefault()
  } else if (key === 'Enter' && target.matches('.todo-list .toggle')) {
    edit(rowOf(target).dataset.id)
    event.preventDefault()
  }
})

// ---- Everything else on the list.

find('.header').addEventListener('submit', (event) => {
  event.preventDefault()
  edits.add(newTodo.value)
  newTodo.value = ''
})
list.addEventListener('change', ({ target }) => {
  if (target.matches('.toggle-all')) edits.setAll(target.checked)
  else if (target.matches('.toggle')) {
    const row = rowOf(target)
    const next = beside(row)
    edits.change(store.todos.get(row.dataset.id), { completed: target.checked })
    drawNow()
    if (!row.isConnected) (next?.querySelector('.toggle') ?? newTodo).focus() // it does not fit the filter any more
  }
})
list.addEventListener('click', ({ target }) => {
  if (target.matches('.clear-completed')) {
    removed(edits.removeCompleted())
    newTodo.focus()
  } else if (target.matches('.change')) {
    edit(rowOf(target).dataset.id)
  } else if (target.matches('.destroy')) {
    const row = rowOf(target)
    const next = beside(row)
    removed(edits.remove([store.todos.get(row.dataset.id)]))
    drawNow()
    ;(next?.querySelector('.destroy') ?? newTodo).focus()
  }
})
moveByPointer(list, (id, before) => edits.move(id, before))
moveByKeys(
  list,
  (id, before) => {
    edits.move(id, before)
    drawNow()
  },
  announce,
)

addEventListener('keydown', (event) => {
  const last = notices.findLast((notice) => notice.undo)
  const typing = event.target.closest?.('textarea, input:not([type=checkbox])')
  if (event.key !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey || !last) return
  if (typing && typing.value !== '') return // it undoes what was typed there
  event.preventDefault()
  undo(last)
})
addEventListener('hashchange', () => {
  const followed = takeLink()
  if (followed) dialog.follow(followed)
  leave({ keep: true }) // by the browser's own buttons: the keyboard is still in it
  draw()
})
find('.account-button').addEventListener('click', () => dialog.open())

store.addEventListener('change', draw)
store.addEventListener('cleared', () => {
  // What was written as somebody is nothing for whoever comes next.
  editing = null
  newTodo.value = ''
  notices = []
  drawNotices()
  announce('')
  dialog.close()
  draw()
})
store.addEventListener('forgetful', () => tell('This browser keeps nothing any more. What you change is lost when you close the page before it is saved.'))
sync.addEventListener('status', sign)
sync.addEventListener('notice', ({ detail }) => tell(detail))

draw()
sync.wake()
if (link) dialog.follow(link)
if ('serviceWorker' in navigator) navigator.serviceWorker.register('/worker.js').catch((error) => console.warn(error))
