package main

import (
	"context"
	"errors"
	"time"

	"github.com/gofrs/uuid"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

// Todo as the API shows it, and as the database has it: show makes texts of what JSON would call a function for.
type Todo struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	Title     string `json:"title"`
	Completed bool   `json:"completed"`
	Order     *int64 `json:"order"`
	Notes     string `json:"notes"`
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
	Version   int64  `json:"version"`

	id               uuid.UUID
	created, updated time.Time
}

// columns are read into fields, in this order.
const columns = ` id, title, completed, "order", notes, created_at, updated_at, version `

func (t *Todo) fields() []interface{} {
	return []interface{}{(*[16]byte)(&t.id), &t.Title, &t.Completed, &t.Order, &t.Notes, &t.created, &t.updated, &t.Version}
}

// show is called before a todo is sent. Moments are written in UTC with milliseconds.
func (t *Todo) show(host string) {
	const layout = "2006-01-02T15:04:05.000Z"
	t.ID = t.id.String()
	t.URL = "http://" + host + "/v1/todos/" + t.ID
	t.CreatedAt = t.created.UTC().Format(layout)
	t.UpdatedAt = t.updated.UTC().Format(layout)
}

// Store keeps the todos. Each function may return errNotFound.
type Store interface {
	List(ctx context.Context, owner uuid.UUID, limit int64) ([]Todo, error)
	Find(ctx context.Context, owner, id uuid.UUID) (*Todo, error)
	Create(ctx context.Context, owner uuid.UUID, todo *Todo) error
	Change(ctx context.Context, owner, id uuid.UUID, sent content) (*Todo, error)
	Delete(ctx context.Context, owner, id uuid.UUID) error
}

// single asks for each request by itself, with a prepared statement (pgx prepares each text once a connection).
type single struct {
	pool *pgxpool.Pool
}

func scan(row pgx.Row, todo *Todo) error {
	err := row.Scan(todo.fields()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return errNotFound
	}
	return err
}

func (s single) List(ctx context.Context, owner uuid.UUID, limit int64) ([]Todo, error) {
	rows, err := s.pool.Query(ctx, `SELECT`+columns+`
		FROM todo WHERE owner_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT $2`, [16]byte(owner), limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	todos := make([]Todo, 0, 10)
	for rows.Next() {
		todos = append(todos, Todo{})
		if err := scan(rows, &todos[len(todos)-1]); err != nil {
			return nil, err
		}
	}
	return todos, rows.Err()
}

func (s single) Find(ctx context.Context, owner, id uuid.UUID) (*Todo, error) {
	todo := &Todo{}
	return todo, scan(s.pool.QueryRow(ctx, `SELECT`+columns+`
		FROM todo WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL`, [16]byte(owner), [16]byte(id)), todo)
}

func (s single) Create(ctx context.Context, owner uuid.UUID, todo *Todo) error {
	return scan(s.pool.QueryRow(ctx, `INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
		VALUES ($1, $2, $3, $4, $5, $6, now(), now(), 1) RETURNING`+columns,
		[16]byte(owner), [16]byte(todo.id), todo.Title, todo.Completed, todo.Order, todo.Notes), todo)
}

func (s single) Change(ctx context.Context, owner, id uuid.UUID, sent content) (*Todo, error) {
	todo := &Todo{}
	return todo, scan(s.pool.QueryRow(ctx, `UPDATE todo SET title = COALESCE($3, title), completed = COALESCE($4, completed),
		"order" = CASE WHEN $5 THEN $6 ELSE "order" END, notes = COALESCE($7, notes), updated_at = now(), version = version + 1
		WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING`+columns,
		[16]byte(owner), [16]byte(id), sent.Title.value, sent.Completed.value, sent.Order.set, sent.Order.value, sent.Notes.value), todo)
}

func (s single) Delete(ctx context.Context, owner, id uuid.UUID) error {
	done, err := s.pool.Exec(ctx, `UPDATE todo SET title = '', notes = '', "order" = NULL, updated_at = now(),
		version = version + 1, deleted_at = now() WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL`,
		[16]byte(owner), [16]byte(id))
	if err == nil && done.RowsAffected() == 0 {
		return errNotFound
	}
	return err
}
