// The rules of the TodoMVC application specification.
import { comesTo, same } from '../harness.mjs'

const three = ['water the plants', 'buy soil', 'feed the cat']

const tick = async (visitor, ...titles) => {
  for (const title of titles) await visitor.row(title).locator('.toggle').check()
}
const showsDone = (visitor, ...titles) =>
  comesTo(() => visitor.page.locator('.todo-list > .completed label').allTextContents(), titles)
const count = (visitor) => visitor.page.locator('.todo-count').textContent()
const filter = (visitor, name) => visitor.page.locator('.filters').getByText(name, { exact: true }).click()
const allTicked = (visitor) => visitor.page.locator('.toggle-all').isChecked()

/** Begins to edit; the answer: the field. */
async function edit(visitor, title) {
  await visitor.row(title).locator('label').dblclick()
  return visitor.page.locator('.edit')
}
/** No todo is edited. */
const edited = (visitor) => visitor.page.locator('.editing').waitFor({ state: 'detached' })

export const rules = {
  // ---- A new todo.

  'the field for a new todo has the keyboard when the page opens': async (visitor) => {
    await visitor.page.keyboard.type('water the plants')
    await visitor.page.keyboard.press('Enter')
    await visitor.shows('water the plants')
  },
  'a new todo is added by Enter, at the end of the list, and the field is empty again': async (visitor) => {
    await visitor.add(...three)
    await visitor.shows(...three)
    same(await visitor.page.locator('.new-todo').inputValue(), '')
  },
  'a new todo has no blanks around it': async (visitor) => {
    await visitor.add('   buy  soil  ')
    await visitor.shows('buy  soil')
  },
  'a new todo that is empty or blank is not added': async (visitor) => {
    await visitor.add('', '   ', 'buy soil')
    await visitor.shows('buy soil')
  },

  // ---- Nothing to do.

  'without todos there is no list, no .main and no .footer': async (visitor) => {
    const parts = visitor.page.locator('.main, .footer, .todo-list')
    same(await parts.count(), 0)
    await visitor.add('buy soil')
    await comesTo(() => parts.count(), 3)
    await visitor.remove('buy soil')
    await comesTo(() => parts.count(), 0)
  },

  // ---- All at once.

  'mark all completes all, and again none': async (visitor) => {
    await visitor.add(...three)
    await tick(visitor, 'buy soil')
    await visitor.page.locator('.toggle-all').check()
    await showsDone(visitor, ...three)
    await visitor.page.locator('.toggle-all').uncheck()
    await showsDone(visitor)
    await visitor.saved()
    same((await visitor.onServer()).map((todo) => todo.completed), [false, false, false])
  },
  'mark all is ticked while each todo is completed': async (visitor) => {
    await visitor.add('water the plants', 'buy soil')
    same(await allTicked(visitor), false)
    await tick(visitor, 'water the plants', 'buy soil')
    await comesTo(() => allTicked(visitor), true)
    await visitor.row('buy soil').locator('.toggle').uncheck()
    await comesTo(() => allTicked(visitor), false)
    await tick(visitor, 'buy soil')
    await comesTo(() => allTicked(visitor), true)
    await visitor.add('feed the cat')
    await comesTo(() => allTicked(visitor), false)
  },
  'mark all means all, whatever the filter shows': async (visitor) => {
    await visitor.add(...three)
    await tick(visitor, 'buy soil')
    await filter(visitor, 'Active')
    await visitor.shows('water the plants', 'feed the cat')
    await visitor.page.locator('.toggle-all').check()
    await visitor.shows()
    await filter(visitor, 'All')
    await showsDone(visitor, ...three)
  },
  'mark all is not ticked any more after all was cleared': async (visitor) => {
    await visitor.add('water the plants')
    await visitor.page.locator('.toggle-all').check()
    await visitor.page.locator('.clear-completed').click()
    await visitor.add('buy soil')
    await showsDone(visitor)
    same(await allTicked(visitor), false)
  },

  // ---- One todo.

  'a todo is completed by its checkbox, and active again': async (visitor) => {
    await visitor.add('water the plants', 'buy soil')
    await tick(visitor, 'water the plants')
    await showsDone(visitor, 'water the plants')
    await visitor.row('water the plants').locator('.toggle').uncheck()
    await showsDone(visitor)
  },
  'a todo is removed by its button, which shows under the pointer': async (visitor) => {
    await visitor.add('water the plants', 'buy soil')
    const button = visitor.row('water the plants').locator('.destroy')
    const opacity = () => button.evaluate((element) => Number(getComputedStyle(element).opacity) > 0.5)
    same(await opacity(), false)
    await visitor.row('water the plants').hover()
    await comesTo(opacity, true)
    await button.click()
    await visitor.shows('buy soil')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['buy soil'])
  },

  // ---- Editing.

  'a double click edits: the field has the keyboard and the title, and all else of the todo is hidden': async (visitor) => {
    await visitor.add(...three)
    const field = await edit(visitor, 'buy soil')
    same(await field.evaluate((element) => element === document.activeElement), true)
    same(await field.inputValue(), 'buy soil')
    same(await visitor.page.locator('.editing').count(), 1)
    same(await visitor.row('buy soil').locator('.view').isVisible(), false)
    same(await visitor.row('feed the cat').locator('.view').isVisible(), true)
  },
  'a single click does not edit': async (visitor) => {
    await visitor.add('buy soil')
    await visitor.row('buy soil').locator('label').click()
    same(await visitor.page.locator('.editing').count(), 0)
    await showsDone(visitor)
  },
  'Enter saves': async (visitor) => {
    await visitor.add(...three)
    const field = await edit(visitor, 'buy soil')
    await field.fill('buy much soil')
    await field.press('Enter')
    await visitor.shows('water the plants', 'buy much soil', 'feed the cat')
    await edited(visitor)
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants', 'buy much soil', 'feed the cat'])
  },
  'a click elsewhere saves': async (visitor) => {
    await visitor.add('buy soil')
    await (await edit(visitor, 'buy soil')).fill('buy much soil')
    await visitor.page.locator('h1').click()
    await visitor.shows('buy much soil')
    await edited(visitor)
  },
  'a blur saves': async (visitor) => {
    await visitor.add('buy soil')
    const field = await edit(visitor, 'buy soil')
    await field.fill('buy much soil')
    await field.dispatchEvent('blur')
    await visitor.shows('buy much soil')
    await edited(visitor)
  },
  'a double click on another todo saves, and edits that one': async (visitor) => {
    await visitor.add('water the plants', 'buy soil')
    await (await edit(visitor, 'buy soil')).fill('buy much soil')
    same(await (await edit(visitor, 'water the plants')).inputValue(), 'water the plants')
    same(await visitor.page.locator('.editing').count(), 1)
    await visitor.page.keyboard.press('Escape')
    await visitor.shows('water the plants', 'buy much soil')
  },
  'what is saved has no blanks around it': async (visitor) => {
    await visitor.add('buy soil')
    const field = await edit(visitor, 'buy soil')
    await field.fill('  buy much soil ')
    await field.press('Enter')
    await visitor.shows('buy much soil')
  },
  'an empty title deletes, by Enter': async (visitor) => {
    await visitor.add(...three)
    const field = await edit(visitor, 'buy soil')
    await field.fill('')
    await field.press('Enter')
    await visitor.shows('water the plants', 'feed the cat')
  },
  'a blank title deletes, by a click elsewhere': async (visitor) => {
    await visitor.add(...three)
    await (await edit(visitor, 'buy soil')).fill('   ')
    await visitor.page.locator('h1').click()
    await visitor.shows('water the plants', 'feed the cat')
  },
  'Escape cancels': async (visitor) => {
    await visitor.add('buy soil')
    const field = await edit(visitor, 'buy soil')
    await field.fill('sell soil')
    await field.press('Escape')
    await edited(visitor)
    await visitor.shows('buy soil')
    same(await (await edit(visitor, 'buy soil')).inputValue(), 'buy soil')
  },
  'Escape cancels an empty title too': async (visitor) => {
    await visitor.add('buy soil')
    const field = await edit(visitor, 'buy soil')
    await field.fill('')
    await field.press('Escape')
    await edited(visitor)
    await visitor.shows('buy soil')
  },
  'a todo stays completed when it is edited': async (visitor) => {
    await visitor.add('buy soil')
    await tick(visitor, 'buy soil')
    const field = await edit(visitor, 'buy soil')
    await field.fill('buy much soil')
    await field.press('Enter')
    await showsDone(visitor, 'buy much soil')
  },

  // ---- The counter.

  'the counter counts what is active, with the plural': async (visitor) => {
    await visitor.add('water the plants')
    await comesTo(() => count(visitor), '1 item left')
    await visitor.add('buy soil')
    await comesTo(() => count(visitor), '2 items left')
    same(await visitor.page.locator('.todo-count strong').textContent(), '2')
    await tick(visitor, 'water the plants', 'buy soil')
    await comesTo(() => count(visitor), '0 items left')
  },
  'the counter does not heed the filter': async (visitor) => {
    await visitor.add(...three)
    await tick(visitor, 'buy soil')
    for (const name of ['Active', 'Completed', 'All']) {
      await filter(visitor, name)
      await comesTo(() => count(visitor), '2 items left')
    }
  },

  // ---- Clear completed.

  'clear completed is there while something is completed': async (visitor) => {
    const button = visitor.page.locator('.clear-completed')
    await visitor.add('water the plants', 'buy soil')
    same(await button.count(), 0)
    await tick(visitor, 'buy soil')
    same(await button.textContent(), 'Clear completed')
    await button.click()
    await comesTo(() => button.count(), 0)
  },
  'clear completed removes what is completed': async (visitor) => {
    await visitor.add(...three)
    await tick(visitor, 'water the plants', 'feed the cat')
    await visitor.page.locator('.clear-completed').click()
    await visitor.shows('buy soil')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['buy soil'])
  },

  // ---- It is kept.

  'a reload shows the same todos in the same state': async (visitor) => {
    await visitor.add(...three)
    await tick(visitor, 'buy soil')
    await visitor.saved()
    await visitor.reload()
    await visitor.shows(...three)
    await showsDone(visitor, 'buy soil')
  },
  'a reload does not edit what was edited before it': async (visitor) => {
    await visitor.add('buy soil')
    await edit(visitor, 'buy soil')
    await visitor.reload()
    await visitor.shows('buy soil')
    await edited(visitor)
  },

  // ---- The filters.

  'each filter shows its todos, and has its route': async (visitor) => {
    await visitor.add(...three)
    await tick(visitor, 'buy soil')
    const hash = () => visitor.page.evaluate(() => location.hash)
    await filter(visitor, 'Active')
    await visitor.shows('water the plants', 'feed the cat')
    same(await hash(), '#/active')
    await filter(visitor, 'Completed')
    await visitor.shows('buy soil')
    same(await hash(), '#/completed')
    await filter(visitor, 'All')
    await visitor.shows(...three)
    same(await hash(), '#/')
  },
  'the filter that is chosen is marked, and none other': async (visitor) => {
    const chosen = () => visitor.page.locator('.filters .selected').allTextContents()
    await visitor.add('buy soil')
    same(await chosen(), ['All'])
    for (const name of ['Active', 'Completed', 'All']) {
      await filter(visitor, name)
      await comesTo(chosen, [name])
    }
  },
  'the back button goes back to the filter before': async (visitor) => {
    await visitor.add(...three)
    await tick(visitor, 'buy soil')
    await filter(visitor, 'Active')
    await filter(visitor, 'Completed')
    await visitor.shows('buy soil')
    await visitor.page.goBack()
    await visitor.shows('water the plants', 'feed the cat')
    await visitor.page.goBack()
    await visitor.shows(...three)
  },
  'the back button keeps what is being written': async (visitor) => {
    await visitor.add(...three)
    await filter(visitor, 'Active')
    await visitor.write('buy soil', 'buy much soil')
    await visitor.page.goBack()
    await visitor.shows('water the plants', 'buy much soil', 'feed the cat')
  },
  'the filter survives a reload': async (visitor) => {
    await visitor.add(...three)
    await tick(visitor, 'buy soil')
    for (const [name, titles] of [['Active', ['water the plants', 'feed the cat']], ['Completed', ['buy soil']]]) {
      await filter(visitor, name)
      await visitor.reload()
      await visitor.shows(...titles)
      same(await visitor.page.locator('.filters .selected').allTextContents(), [name])
    }
  },
  'a todo that does not fit the filter any more leaves': async (visitor) => {
    await visitor.add(...three)
    await filter(visitor, 'Active')
    await visitor.row('buy soil').locator('.toggle').click()
    await visitor.shows('water the plants', 'feed the cat')
    await filter(visitor, 'Completed')
    await visitor.shows('buy soil')
    await visitor.row('buy soil').locator('.toggle').click()
    await visitor.shows()
  },
  'a new todo under a filter that it does not fit is there all the same': async (visitor) => {
    await visitor.add('buy soil')
    await filter(visitor, 'Completed')
    await visitor.add('feed the cat')
    await comesTo(() => count(visitor), '2 items left')
    await visitor.shows()
    await filter(visitor, 'All')
    await visitor.shows('buy soil', 'feed the cat')
  },
}
