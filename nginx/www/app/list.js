// What a list of todos is: pure functions over values that nobody changes. A todo is as the API has it; an op is a write
// that the service has not confirmed yet: {key, id, method, body, was}. `body` are the fields that it sets, `was` those that
// it builds on, as the person saw them.

const kStep = 1024 // between neighbours: ten moves into the same gap before anything is renumbered
const kMostOrder = 2 ** 53

/** The entity tag of a todo, which a list does not have: its version, and when it was created in milliseconds. */
export const tagOf = (todo) => `"${todo.version}-${Date.parse(todo.created_at)}"`

const kHex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** A UUID of version 7, greater than any that this tab has made or seen before: ids sort by creation. */
export function makeId() {
  makeId.last = Math.max(Date.now(), (makeId.last ?? 0) + 1)
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  for (let i = 0; i < 6; ++i) bytes[i] = Math.floor(makeId.last / 2 ** (8 * (5 - i))) % 256
  bytes[6] = (bytes[6] & 0x0f) | 0x70
  bytes[8] = (bytes[8] & 0x3f) | 0x80
  const hex = Array.from(bytes, (byte) => kHex[byte]).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
/** The next one is to be greater than `id`, whatever the clock of its tab was. */
export function afterId(id) {
  makeId.last = Math.max(parseInt(id.slice(0, 8) + id.slice(9, 13), 16), makeId.last ?? 0)
}

/** What the service takes: one line that is not blank, or nothing. */
export const cleanTitle = (text) => {
  const title = text.replace(/\p{Cc}+/gu, ' ').trim().toWellFormed()
  return /^[\s\p{Default_Ignorable_Code_Point}]*$/u.test(title) ? '' : title
}
/** Line ends and tabs stay. */
export const cleanNotes = (text) => text.replace(/\r\n?/g, '\n').replace(/[^\P{Cc}\n\t]/gu, '').trimEnd().toWellFormed()

/** The todos as they will be once each op has been carried out. `known` and the answer: id -> todo. */
export function withOps(known, ops) {
  const todos = new Map(known)
  for (const { id, method, body } of ops) {
    const todo = todos.get(id)
    if (method === 'DELETE') todos.delete(id)
    else if (method === 'PUT') todos.set(id, { id, completed: false, order: null, notes: '', ...body })
    else if (todo) todos.set(id, { ...todo, ...body })
  }
  return todos
}

const compareText = (left, right) => (left < right ? -1 : left > right ? 1 : 0)
const orderOf = (todo) => todo.order ?? Infinity

/** By order, those without one last; equal ones by creation. As GET /v1/todos?sort=order has it. */
export const inOrder = (todos) =>
  [...todos].sort((left, right) => {
    const [one, other] = [orderOf(left), orderOf(right)]
    return one < other ? -1 : one > other ? 1 : compareText(left.id, right.id)
  })

/** The order of a new todo: after all that have one. */
export const orderAtEnd = (todos) => {
  const last = todos.reduce((most, todo) => Math.max(most, todo.order ?? -Infinity), -Infinity)
  return last === -Infinity ? kStep : Math.min(last + kStep, kMostOrder)
}

/**
 * New orders, few, that bring `id` in front of the one that is at `index` of `others`, which are in order and without it:
 * [{id, order}].
 */
export function place(id, index, others) {
  const changes = []
  const orderAt = (i) => others[i]?.order ?? null
  const set = (i, order) => changes.push({ id: others[i].id, order })

  let last = null // of the one before
  for (let i = 0; i < index; ++i) {
    if (orderAt(i) === null) set(i, last === null ? 0 : last + kStep) // else it would come after the moved one
    last = orderAt(i) ?? changes.at(-1).order
  }
  const next = orderAt(index)
  if (last === null) {
    changes.push({ id, order: next === null ? kStep : next - kStep })
  } else {
    // Those that have to give way are spread over the next gap that is wide enough.
    let end = index
    while (orderAt(end) !== null && orderAt(end) - last < end - index + 2) ++end
    const step = orderAt(end) === null ? kStep : Math.floor((orderAt(end) - last) / (end - index + 2))
    changes.push({ id, order: last + step })
    for (let i = index; i < end; ++i) set(i, last + step * (i - index + 2))
  }

  const fits = changes.every((change) => Math.abs(change.order) <= kMostOrder)
  if (fits) return changes
  const ids = others.map((todo) => todo.id)
  return ids.toSpliced(index, 0, id).map((each, i) => ({ id: each, order: (i + 1) * kStep }))
}

/** What `op` builds on and was set to something else meanwhile, where `now` is what the service has. Order never counts. */
export function conflictsOf({ method, body, was }, now) {
  const fields = method === 'DELETE' ? ['title', 'notes', 'completed'] : ['title', 'notes']
  const differs = (field) => now[field] !== was[field] && now[field] !== body?.[field]
  return fields.filter((field) => field in was && differs(field))
}

export const filters = {
  '#/': { name: 'All', keeps: () => true },
  '#/active': { name: 'Active', keeps: (todo) => !todo.completed },
  '#/completed': { name: 'Completed', keeps: (todo) => todo.completed },
}
export const filterOf = (hash) => filters[hash] ?? filters['#/']

/** '1 change', '2 changes'. */
export const counted = (number, singular) => `${number} ${number === 1 ? singular : `${singular}s`}`
