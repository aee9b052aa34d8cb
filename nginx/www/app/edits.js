// What a person does to the list: each is one change of the store, and an op for each todo that it touches.

import { cleanNotes, cleanTitle, inOrder, makeId, orderAtEnd, place } from './list.js'

const kFields = ['title', 'completed', 'order', 'notes']
const pick = (todo, fields) => Object.fromEntries(fields.map((field) => [field, todo[field]]))

const clean = ({ title, notes, ...others }) => ({
  ...others,
  ...(title === undefined ? {} : { title: cleanTitle(title) }),
  ...(notes === undefined ? {} : { notes: cleanNotes(notes) }),
})

/** Creates `todo`, and never replaces one. */
export const createOp = (todo) => ({ key: makeId(), id: todo.id, method: 'PUT', body: pick(todo, kFields) })

export class Edits {
  #store

  constructor(store) {
    this.#store = store
  }

  get #todos() {
    return [...this.#store.todos.values()]
  }
  #commit(ops) {
    return this.#store.commit({ put: { outbox: ops } })
  }
  #changeOp(todo, body) {
    return { key: makeId(), id: todo.id, method: 'PATCH', body, was: pick(todo, Object.keys(body)) }
  }
  #removeOp(todo) {
    return { key: makeId(), id: todo.id, method: 'DELETE', was: pick(todo, kFields) }
  }

  add(text, notes = '') {
    const title = cleanTitle(text)
    if (title === '') return
    const todo = { id: makeId(), title, completed: false, order: orderAtEnd(this.#todos), notes: cleanNotes(notes) }
    this.#commit([createOp(todo)])
  }

  /**
   * Sets the fields that are another than in `todo`, as the person saw it who began to change it. The answer: what was
   * removed, as a title that is empty removes the todo.
   */
  change(todo, fields) {
    const wanted = clean(fields)
    if (wanted.title === '') return this.remove([todo])
    const before = clean(todo) // another program may have written what no person can type here
    const changed = Object.keys(wanted).filter((field) => wanted[field] !== before[field])
    if (changed.length > 0) this.#commit([this.#changeOp(todo, pick(wanted, changed))])
    return []
  }

  setAll(completed) {
    const others = this.#todos.filter((todo) => todo.completed !== completed)
    if (others.length > 0) this.#commit(others.map((todo) => this.#changeOp(todo, { completed })))
  }

  /** The answer: what `restore` brings back. */
  remove(todos) {
    if (todos.length > 0) this.#commit(todos.map((todo) => this.#removeOp(todo)))
    return todos
  }
  removeCompleted() {
    return this.remove(this.#todos.filter((todo) => todo.completed))
  }
  restore(todos) {
    const gone = todos.filter(({ id }) => !this.#store.todos.has(id))
    if (gone.length > 0) this.#commit(gone.map(createOp))
  }

  /** Moves `id` in front of the todo `before`, or to the end where that is null. */
  move(id, before) {
    const others = inOrder(this.#todos.filter((todo) => todo.id !== id))
    const index = before === null ? others.length : others.findIndex((todo) => todo.id === before)
    if (index < 0 || !this.#store.todos.has(id) || this.#todos[index]?.id === id) return // or gone meanwhile
    const orders = place(id, index, others)
    this.#commit(orders.map((to) => this.#changeOp(this.#store.todos.get(to.id), { order: to.order })))
  }
}
