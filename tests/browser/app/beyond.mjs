// What the page does beyond TodoMVC: notes, undo, the keyboard alone, a phone. (The order: moving.mjs.)
import { comesTo, same } from '../harness.mjs'
import { drag } from './moving.mjs'
import { Visitor } from './visitor.mjs'

const three = ['water the plants', 'buy soil', 'feed the cat']

const whole = (todos) => todos.map(({ title, notes, completed }) => ({ title, notes, completed }))

const texts = (visitor) => visitor.page.locator('.text > *').allTextContents()

const notes = {
  'notes are added to a todo, with their lines, and shown': async (visitor) => {
    await visitor.add('buy soil')
    await visitor.row('buy soil').locator('label').dblclick()
    await visitor.press('Tab')
    await visitor.page.keyboard.type('two bags')
    await visitor.press('Enter')
    await visitor.page.keyboard.type('not the cheap one')
    await visitor.press('Control+Enter')
    const line = visitor.row('buy soil').locator('.notes-line')
    same(await line.innerText(), 'two bags\nnot the cheap one')
    same(await visitor.focused(), 'buy soil')
    await visitor.saved()
    same(whole(await visitor.onServer()), [{ title: 'buy soil', notes: 'two bags\nnot the cheap one', completed: false }])
  },
  'title and notes are changed together, and left by Escape together': async (visitor) => {
    await visitor.add('buy soil')
    await visitor.writeNotes('buy soil', 'two bags')
    for (const key of ['Escape', 'Enter']) {
      await visitor.row('buy soil').locator('label').dblclick()
      await visitor.page.locator('.notes').fill('three bags')
      await visitor.page.locator('.edit').fill('buy soil and pots')
      await visitor.page.locator('.edit').press(key)
      same(await texts(visitor), key === 'Escape' ? ['buy soil', 'two bags'] : ['buy soil and pots', 'three bags'])
    }
  },
  'notes are emptied again': async (visitor) => {
    await visitor.add('buy soil')
    await visitor.writeNotes('buy soil', 'two bags')
    await visitor.writeNotes('buy soil', ' \n ')
    same(await visitor.page.locator('.notes-line').count(), 0)
    await visitor.saved()
    same((await visitor.onServer())[0].notes, '')
  },
}

/** Three todos, of which the one in the middle is completed and has notes. */
async function threeKinds(visitor) {
  await visitor.add(...three)
  await visitor.writeNotes('buy soil', 'two bags')
  await visitor.row('buy soil').locator('.toggle').check()
  await visitor.saved()
  return whole(await visitor.onServer())
}
async function back(visitor, before) {
  await visitor.shows(...before.map((todo) => todo.title))
  await visitor.saved()
  same(whole(await visitor.onServer()), before)
}

const undo = {
  'a deleted todo comes back by the button of the notice, as it was and where it was': async (visitor) => {
    const before = await threeKinds(visitor)
    await visitor.remove('buy soil')
    await visitor.notice('“buy soil” is deleted.')
    await visitor.saved()
    same(await visitor.titlesOnServer(), ['water the plants', 'feed the cat'])
    await visitor.page.getByRole('button', { name: 'Undo' }).click()
    await back(visitor, before)
    same(await visitor.page.locator('.notice').count(), 0)
  },
  'a deleted todo comes back by Ctrl+Z, also before the service knows': async (visitor) => {
    const before = await threeKinds(visitor)
    await visitor.remove('buy soil')
    await visitor.press('Control+z')
    await back(visitor, before)
  },
  'cleared todos come back together': async (visitor) => {
    await threeKinds(visitor)
    await visitor.row('water the plants').locator('.toggle').check()
    await visitor.saved()
    const before = whole(await visitor.onServer())
    await visitor.page.locator('.clear-completed').click()
    await visitor.notice('2 todos are deleted.')
    await visitor.shows('feed the cat')
    await visitor.press('Control+z')
    await back(visitor, before)
  },
  'what went by an empty title comes back with it': async (visitor) => {
    const before = await threeKinds(visitor)
    await visitor.row('buy soil').locator('label').dblclick()
    await visitor.page.locator('.edit').fill('')
    await visitor.press('Enter')
    await visitor.notice('“buy soil” is deleted.')
    await visitor.press('Control+z')
    await back(visitor, before)
  },
  'Ctrl+Z brings back one deletion after the other, the last one first': async (visitor) => {
    await visitor.add(...three)
    await visitor.remove('buy soil')
    await visitor.remove('feed the cat')
    await visitor.press('Control+z')
    await visitor.shows('water the plants', 'feed the cat')
    await visitor.press('Control+z')
    await visitor.ordered(...three)
  },
  'Ctrl+Z in a field with text undoes what was typed there': async (visitor) => {
    await visitor.add('buy soil')
    await visitor.remove('buy soil')
    await visitor.page.keyboard.insertText('feed')
    await visitor.press('Control+z')
    await comesTo(() => visitor.page.locator('.new-todo').inputValue(), '')
    await visitor.shows()
  },
}

// ---- Without a mouse.

/** Presses `key` until what has the keyboard is called `name`. */
async function go(visitor, key, name) {
  for (let i = 0; i < 25; ++i) {
    await visitor.press(key)
    const now = await visitor.focused()
    if (now === name) return
    if (now === 'nothing') break
  }
  throw new Error(`${key} does not lead to “${name}”, but to “${await visitor.focused()}”`)
}

const keyboard = {
  'the list is done with the keyboard alone': async (visitor) => {
    for (const title of three) {
      await visitor.page.keyboard.type(title)
      await visitor.press('Enter')
    }
    await go(visitor, 'Tab', 'buy soil')
    await visitor.press('Space')
    await comesTo(() => visitor.page.locator('.completed label').allTextContents(), ['buy soil'])
    await visitor.press('Enter')
    await visitor.page.keyboard.type(' today')
    await visitor.press('Enter')
    await comesTo(() => visitor.focused(), 'buy soil today')
    await go(visitor, 'Shift+Tab', 'Move buy soil today')
    await visitor.press('ArrowUp')
    await comesTo(() => visitor.focused(), 'Move buy soil today')
    await visitor.shows('buy soil today', 'water the plants', 'feed the cat')
    await go(visitor, 'Tab', 'Edit water the plants')
    await visitor.press('Enter')
    await comesTo(() => visitor.focused(), 'Title')
    await visitor.press('Escape')
    await comesTo(() => visitor.focused(), 'water the plants')
    await go(visitor, 'Tab', 'Delete water the plants')
    await visitor.press('Enter')
    await comesTo(() => visitor.focused(), 'Delete feed the cat')
    await visitor.press('Enter')
    await comesTo(() => visitor.focused(), 'Delete buy soil today')
    await visitor.press('Enter')
    await comesTo(() => visitor.focused(), 'New todo')
    await visitor.press('Control+z', 'Control+z', 'Control+z')
    await visitor.ordered('buy soil today', 'water the plants', 'feed the cat')
  },
  'a todo that leaves under a filter hands the keyboard to its neighbour': async (visitor) => {
    await visitor.add(...three)
    await go(visitor, 'Tab', 'Active')
    await visitor.press('Enter')
    await comesTo(() => visitor.page.locator('.filters .selected').textContent(), 'Active')
    await go(visitor, 'Shift+Tab', 'buy soil')
    for (const next of ['feed the cat', 'water the plants', 'New todo']) {
      await visitor.press('Space')
      await comesTo(() => visitor.focused(), next)
    }
  },
  'a notice that goes hands the keyboard back': async (visitor) => {
    await visitor.add(...three)
    for (const name of ['Undo', 'Dismiss']) {
      await visitor.page.locator('.toggle-all').check()
      await visitor.page.locator('.toggle-all').focus()
      await go(visitor, 'Tab', 'Clear completed')
      await visitor.press('Enter')
      await comesTo(() => visitor.focused(), 'New todo')
      await visitor.shows()
      await go(visitor, 'Tab', name)
      await visitor.press('Enter')
      await visitor.shows(...(name === 'Undo' ? three : []))
      await comesTo(() => visitor.page.locator('.notice').count(), 0)
      same(['Keys', 'New todo'].includes(await visitor.focused()), true)
    }
  },
  'the dialog is done with the keyboard alone, and hands it back': async (visitor) => {
    visitor.expect(/status of 401/)
    await visitor.press('Shift+Tab')
    await comesTo(() => visitor.focused(), 'Sign up')
    await visitor.press('Enter')
    await comesTo(() => visitor.focused(), 'Email')
    await go(visitor, 'Tab', 'Sign in')
    await visitor.press('Enter')
    await visitor.page.locator('[data-kind=signIn]').waitFor()
    await comesTo(() => visitor.focused(), 'Email')
    await visitor.page.keyboard.type('nobody@example.org')
    await visitor.press('Tab')
    await visitor.page.keyboard.type('not the password')
    await go(visitor, 'Tab', 'Sign in')
    await visitor.press('Enter')
    await visitor.page.locator('.wrong:not(:empty)').waitFor()
    await comesTo(() => visitor.focused(), 'Sign in')
    await visitor.press('Escape')
    await visitor.page.locator('dialog').waitFor({ state: 'hidden' })
    await comesTo(() => visitor.focused(), 'Sign up')
  },
}

// ---- On whatever screen, whatever is written.

const wide = 'w'.repeat(1024)
const odd = [
  '<img src=x onerror=alert(1)>',
  '&amp; <b>bold</b> ${title} {{title}}',
  'قهوة مع الحليب ثم שלום',
  '👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 ﷽ \u202eright to left',
  'https://example.org/' + 'a/'.repeat(200),
]

const screens = {
  'whatever is written shows as text': async (visitor) => {
    visitor.page.on('dialog', () => visitor.complaints.push('the title was run'))
    await visitor.add(...odd)
    await visitor.writeNotes('onerror', odd[0])
    await visitor.ordered(...odd)
    same(await visitor.page.locator('.notes-line').textContent(), odd[0])
    same(await visitor.page.locator('.todo-list img, .todo-list b').count(), 0)
    await visitor.remove('onerror')
    await visitor.notice(`“${odd[0]}” is deleted.`)
  },
  'a phone scrolls down only, and reaches everything': async (_, browser) => {
    const visitor = await Visitor.come(browser, { isMobile: true, hasTouch: true, viewport: { width: 360, height: 640 } })
    const { page } = visitor
    const width = () => page.evaluate(() => Math.max(document.documentElement.scrollWidth, visualViewport.width))
    await visitor.add(...odd, wide, '🙂'.repeat(512))
    await visitor.writeNotes('onerror', wide)
    await page.locator('.toggle-all').check()
    same(await width(), 360)
    await page.locator('.account-button').click()
    same(await width(), 360)
    await page.keyboard.press('Escape')
    await visitor.row(wide).last().locator('.destroy').click()
    same(await width(), 360)
    const { x, y, width: wideness, height } = await page.getByRole('button', { name: 'Undo' }).boundingBox()
    same([x >= 0, y >= 0, x + wideness <= 360, y + height <= 640], [true, true, true, true])
    const notice = await page.locator('.notice').boundingBox()
    same(notice.height < 200, true)
    await visitor.saved()
    await visitor.leave()
  },
  'control characters that are pasted become blanks': async (visitor) => {
    await visitor.page.keyboard.insertText('\tbuy\u0007soil\u0000and\u001b\u0085pots\u007f')
    await visitor.press('Enter')
    await visitor.writeNotes('buy', 'two\tbags\u0007\r\nnot three\u0000')
    await visitor.ordered('buy soil and pots')
    same((await visitor.onServer())[0].notes, 'two\tbags\nnot three')
  },
  'who prefers less motion sees none': async (visitor) => {
    const moves = () =>
      visitor.page.evaluate(() =>
        [...document.querySelectorAll('*')]
          .flatMap((element) => [null, '::before', '::after', '::backdrop'].map((part) => getComputedStyle(element, part)))
          .flatMap((style) => `${style.animationDuration}, ${style.transitionDuration}`.split(', '))
          .some((duration) => parseFloat(duration) > 0.001),
      )
    await visitor.add(...three)
    await visitor.remove('buy soil')
    await drag(visitor, 'water the plants', 'feed the cat')
    same(await moves(), true)
    await visitor.page.emulateMedia({ reducedMotion: 'reduce' })
    same(await moves(), false)
    await visitor.page.mouse.up()
    await visitor.shows('feed the cat', 'water the plants')
  },
}

export const beyond = { ...notes, ...undo, ...keyboard, ...screens }
