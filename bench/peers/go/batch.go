package main

import (
	"bytes"
	"context"
	"errors"
	"runtime"
	"sort"
	"time"

	"github.com/gofrs/uuid"
)

// Members of a statement: as many as todo-worker takes.
const batchSize = 64

// batched has the hot requests (list, find, create) share statements: what comes while one is under way waits together for
// the next. Where that fails, each is asked by itself, so that only who caused it sees an error.
type batched struct {
	single
	lists   chan *member
	finds   chan *member
	creates chan *member
}

// member is one request in a statement.
type member struct {
	owner uuid.UUID
	id    uuid.UUID
	limit int64
	todo  *Todo
	todos []Todo
	done  chan error
}

// newBatched has so many statements of each kind under way at once: lists do not wait for the disk that creates wait for.
func newBatched(one single, each int) *batched {
	b := &batched{one, make(chan *member, 1024), make(chan *member, 1024), make(chan *member, 1024)}
	ctx := context.Background()
	for i := 0; i < each; i++ {
		go serve(b.lists, b.list, func(m *member) (err error) { m.todos, err = b.single.List(ctx, m.owner, m.limit); return })
		go serve(b.finds, b.find, func(m *member) (err error) { m.todo, err = b.single.Find(ctx, m.owner, m.id); return })
		go serve(b.creates, b.create, func(m *member) error { return b.single.Create(ctx, m.owner, m.todo) })
	}
	return b
}

// serve runs one statement after the other, and `again` for each member of one that failed.
func serve(queue chan *member, run func([]*member) error, again func(*member) error) {
	for first := range queue {
		runtime.Gosched() // those who have just been answered ask again first
		members := gather(first, queue)
		err := run(members)
		for _, m := range members {
			if err != nil {
				m.done <- again(m)
			} else {
				m.done <- nil
			}
		}
	}
}

func gather(first *member, queue chan *member) []*member {
	members := append(make([]*member, 0, batchSize), first)
	for len(members) < batchSize {
		select {
		case next := <-queue:
			members = append(members, next)
		default:
			return members
		}
	}
	return members
}

func ask(ctx context.Context, queue chan *member, m *member) error {
	m.done = make(chan error, 1)
	select {
	case queue <- m:
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-m.done
}

func (b *batched) List(ctx context.Context, owner uuid.UUID, limit int64) ([]Todo, error) {
	m := &member{owner: owner, limit: limit, todos: make([]Todo, 0, 10)}
	err := ask(ctx, b.lists, m)
	return m.todos, err
}

func (b *batched) Find(ctx context.Context, owner, id uuid.UUID) (*Todo, error) {
	m := &member{owner: owner, id: id}
	if err := ask(ctx, b.finds, m); err != nil {
		return nil, err
	}
	if m.todo == nil {
		return nil, errNotFound
	}
	return m.todo, nil
}

func (b *batched) Create(ctx context.Context, owner uuid.UUID, todo *Todo) error {
	return ask(ctx, b.creates, &member{owner: owner, id: todo.id, todo: todo})
}

// rows calls `take` for each row: the number of its member, from 0, and the todo.
func (b *batched) rows(members []*member, take func(int, Todo), text string, arguments ...interface{}) error {
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	rows, err := b.pool.Query(limit, text, arguments...)
	if err != nil {
		return err
	}
	defer rows.Close()
	var n int64
	var todo Todo
	fields := append([]interface{}{&n}, todo.fields()...)
	for rows.Next() {
		todo = Todo{}
		if err := rows.Scan(fields...); err != nil {
			return err
		}
		if n < 1 || n > int64(len(members)) {
			return errors.New("a row of nobody's")
		}
		take(int(n-1), todo)
	}
	return rows.Err()
}

func owners(members []*member) [][16]byte {
	list := make([][16]byte, len(members))
	for i, m := range members {
		list[i] = m.owner
	}
	return list
}

func ids(members []*member) [][16]byte {
	list := make([][16]byte, len(members))
	for i, m := range members {
		list[i] = m.id
	}
	return list
}

func (b *batched) list(members []*member) error {
	limits := make([]int64, len(members))
	for i, m := range members {
		limits[i] = m.limit
		m.todos = m.todos[:0]
	}
	return b.rows(members, func(n int, todo Todo) { members[n].todos = append(members[n].todos, todo) }, `
		SELECT n, page.* FROM unnest($1::uuid[], $2::bigint[]) WITH ORDINALITY AS member(owner, size, n)
		CROSS JOIN LATERAL (SELECT`+columns+`FROM todo WHERE owner_id = owner AND deleted_at IS NULL
		ORDER BY id LIMIT size) AS page`, owners(members), limits)
}

func (b *batched) find(members []*member) error {
	return b.rows(members, func(n int, todo Todo) { members[n].todo = &todo }, `
		SELECT n, todo.id, title, completed, "order", notes, created_at, updated_at, version
		FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS member(owner, id, n)
		JOIN todo ON owner_id = owner AND todo.id = member.id AND title <> ''`, owners(members), ids(members))
}

func (b *batched) create(members []*member) error {
	sort.Slice(members, func(i, j int) bool { return bytes.Compare(members[i].owner[:], members[j].owner[:]) < 0 })
	titles, notes := make([]string, len(members)), make([]string, len(members))
	completed, orders := make([]bool, len(members)), make([]*int64, len(members))
	for i, m := range members {
		titles[i], notes[i], completed[i], orders[i] = m.todo.Title, m.todo.Notes, m.todo.Completed, m.todo.Order
	}
	return b.rows(members, func(n int, todo Todo) { *members[n].todo = todo }, `
		WITH go AS MATERIALIZED (
			SELECT member.*, now()::timestamptz(3) AS at
			FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::boolean[], $5::bigint[], $6::text[])
			     WITH ORDINALITY AS member(owner, id, title, completed, "order", notes, n)
		), created AS (
			INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
			SELECT owner, id, title, completed, "order", notes, at, at, 1 FROM go
		)
		SELECT n, id, title, completed, "order", notes, at, at, 1::bigint FROM go`,
		owners(members), ids(members), titles, completed, orders, notes)
}
