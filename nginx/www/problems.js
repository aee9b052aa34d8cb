// At /problems/NAME, the address that an error names: shows that one of the list.
const name = location.pathname.split('/')[2]
if (name && document.getElementById(name)) {
  document.title = `${name} \u00b7 todo-worker`
  location.replace(`#${name}`)
}
