// Moving a todo in the list: with the mouse or a pen by any part of its row, with a finger by its handle, and with keys.
// The list decides what a move is: `move(id, before)`, where `before` is the id of the todo that it then stands in front of,
// or null.

const kThreshold = 5 // px before a press becomes a drag
const kEdge = 60 // px from the window's edge, where the page scrolls along
const kScroll = 12 // px a frame

/** What follows the row in the list, of those that are shown. */
const following = (row) => row?.nextElementSibling?.dataset.id ?? null

export function moveByKeys(list, move, announce) {
  list.addEventListener('keydown', (event) => {
    const up = event.key === 'ArrowUp'
    const moves = up || event.key === 'ArrowDown'
    const row = event.target.closest('.todo-list > li')
    if (!moves || !row || event.target.closest('.edit, .notes')) return
    if (!(event.altKey || event.target.closest('.handle')) || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    const neighbour = up ? row.previousElementSibling : row.nextElementSibling
    if (!neighbour) return
    const rows = [...row.parentElement.children]
    const place = rows.indexOf(neighbour) + 1
    move(row.dataset.id, up ? neighbour.dataset.id : following(neighbour))
    event.target.focus() // the browser takes it away from an element that changes its place
    row.scrollIntoView({ block: 'nearest' })
    announce(`${row.querySelector('label').textContent}: ${place} of ${rows.length}`)
  })
}

export function moveByPointer(list, move) {
  list.addEventListener('pointerdown', (event) => {
    const row = event.target.closest('.todo-list > li')
    if (!row || event.button !== 0 || row.matches('.editing')) return
    const handle = event.target.closest('.handle')
    if (!handle && (event.pointerType === 'touch' || event.target.closest('button, input, a'))) return
    new Drag(row, event, move)
  })
}

class Drag {
  #row
  #rows
  #move
  #startY
  #lastY
  #grip // of the row: how far below its top
  #begun = false
  #target
  #frame = 0
  #ended = new AbortController()

  constructor(row, event, move) {
    this.#row = row
    this.#rows = [...row.parentElement.children]
    this.#target = this.#rows.indexOf(row)
    this.#move = move
    this.#startY = this.#lastY = event.clientY + scrollY
    this.#grip = this.#startY - row.offsetTop
    const { signal } = this.#ended
    const on = (kind, action) => addEventListener(kind, (other) => other.pointerId === event.pointerId && action(other), { signal })
    on('pointermove', (moved) => this.#follow(moved))
    on('pointerup', () => this.#end(true))
    on('pointercancel', () => this.#end(false))
    addEventListener('keydown', (key) => key.key === 'Escape' && this.#end(false), { signal })
  }

  #begin() {
    this.#begun = true
    this.#row.classList.add('dragged')
    getSelection()?.removeAllRanges()
  }

  #follow(event) {
    this.#lastY = event.clientY + scrollY
    if (!this.#begun && Math.abs(this.#lastY - this.#startY) < kThreshold) return
    if (!this.#begun) this.#begin()
    event.preventDefault()
    this.#show()
    cancelAnimationFrame(this.#frame)
    const step = event.clientY < kEdge ? -kScroll : event.clientY > innerHeight - kEdge ? kScroll : 0
    if (step !== 0) this.#scroll(step)
  }

  #scroll(step) {
    const before = scrollY
    scrollBy(0, step)
    if (scrollY === before) return
    this.#lastY += scrollY - before
    this.#show()
    this.#frame = requestAnimationFrame(() => this.#scroll(step))
  }

  #show() {
    const rows = this.#rows
    const from = rows.indexOf(this.#row)
    // Where they are laid out on the page, asked each time: a row has its height once it was in view.
    const tops = rows.map((row) => row.offsetTop)
    const middles = rows.map((row, i) => tops[i] + row.offsetHeight / 2)
    const height = this.#row.offsetHeight
    const lowest = tops.at(-1) + rows.at(-1).offsetHeight - height
    const top = Math.max(tops[0], Math.min(lowest, this.#lastY - this.#grip)) // below the list the page would grow with it
    const passed = (i) => (i < from ? middles[i] < top : i > from && middles[i] < top + height)
    this.#target = rows.filter((_, i) => passed(i)).length
    rows.forEach((row, i) => {
      const away = i > from && i <= this.#target ? -height : i < from && i >= this.#target ? height : 0
      const shift = i === from ? top - tops[from] : away
      if (shift || row.style.transform) row.style.transform = `translateY(${shift}px)`
    })
  }

  #end(dropped) {
    this.#ended.abort()
    cancelAnimationFrame(this.#frame)
    if (!this.#begun) return
    this.#row.classList.remove('dragged')
    for (const row of this.#rows) row.removeAttribute('style')
    addEventListener('click', (click) => click.stopPropagation(), { capture: true, once: true, signal: AbortSignal.timeout(50) })
    const others = this.#rows.filter((row) => row !== this.#row)
    if (dropped && others.length > 0) this.#move(this.#row.dataset.id, others[this.#target]?.dataset.id ?? null)
  }
}
