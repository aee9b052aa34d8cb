// The list as the page shows it. Class names are those of the TodoMVC specification.

import { live } from '../vendor/lit-html/directives/live.js'
import { repeat } from '../vendor/lit-html/directives/repeat.js'
import { html, nothing } from '../vendor/lit-html/lit-html.js'
import { filterOf, filters } from './list.js'

const row = (todo, editing) => html`
  <li
    class="${todo.completed ? 'completed' : ''} ${editing ? 'editing' : ''}"
    data-id=${todo.id}
  >
    ${editing ? editor(todo) : nothing}
    <div class="view">
      <button type="button" class="handle" aria-label="Move ${todo.title}" aria-describedby="moving"></button>
      <input class="toggle" type="checkbox" aria-labelledby="title-${todo.id}" .checked=${live(todo.completed)} />
      <div class="text">
        <label id="title-${todo.id}">${todo.title}</label>
        ${todo.notes === '' ? nothing : html`<p class="notes-line">${todo.notes}</p>`}
      </div>
      <button type="button" class="change" aria-label="Edit ${todo.title}"></button>
      <button type="button" class="destroy" aria-label="Delete ${todo.title}"></button>
    </div>
  </li>
`

const editor = (todo) => html`
  <input class="edit" aria-label="Title" maxlength="1024" autocomplete="off" enterkeyhint="done" .defaultValue=${todo.title} />
  <textarea class="notes" aria-label="Notes" placeholder="Notes" maxlength="8192" rows="2" .defaultValue=${todo.notes}></textarea>
`

const rows = (todos, editing) => html`
  <ul class="todo-list" role="list">
    ${repeat(todos, (todo) => todo.id, (todo) => row(todo, todo.id === editing))}
  </ul>
`

const footer = (todos, hash) => {
  const left = todos.filter((todo) => !todo.completed).length
  const link = (to) => {
    const selected = filterOf(hash) === filters[to]
    return html`<li>
      <a href=${to} class=${selected ? 'selected' : ''} aria-current=${selected ? 'page' : nothing}>${filters[to].name}</a>
    </li>`
  }
  return html`
    <footer class="footer">
      <span class="todo-count"><strong>${left}</strong> ${left === 1 ? 'item' : 'items'} left</span>
      <ul class="filters" role="list" aria-label="Which todos">
        ${Object.keys(filters).map(link)}
      </ul>
      ${left === todos.length
        ? nothing
        : html`<button type="button" class="clear-completed">Clear completed</button>`}
    </footer>
  `
}

const nothingHere = {
  Active: 'Everything is done.',
  Completed: 'Nothing is done yet.',
}

/**
 * `todos` in their order; `hash` says which of them, and no more than `most` rows are drawn; `editing` is the id of the one
 * that is being edited.
 */
export function listView({ todos, hash, most, editing }) {
  if (todos.length === 0) return html`<p class="empty">Nothing to do. Write down what comes to mind.</p>`
  const filter = filterOf(hash)
  const shown = todos.filter((todo) => filter.keeps(todo) || todo.id === editing)
  return html`
    <section class="main" aria-label="Todos">
      <div class="all">
        <input
          id="toggle-all"
          class="toggle-all"
          type="checkbox"
          .checked=${live(todos.every((todo) => todo.completed))}
        />
        <label for="toggle-all">Mark all as complete</label>
      </div>
      <p class="unseen" id="moving">Arrow keys move it up and down.</p>
      ${
        /* A list for each filter: it goes as a whole, which is much quicker than row by row. */
        repeat([filter.name], (name) => name, () => rows(shown.slice(0, most), editing))
      }
      ${shown.length === 0 ? html`<p class="empty">${nothingHere[filter.name]}</p>` : nothing}
    </section>
    ${footer(todos, hash)}
  `
}
