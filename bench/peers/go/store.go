package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/gofrs/uuid"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

// Todo as the API shows it.
type Todo struct {
	ID        uuid.UUID `json:"id"`
	URL       string    `json:"url"`
	Title     string    `json:"title"`
	Completed bool      `json:"completed"`
	Order     *int64    `json:"order"`
	Notes     string    `json:"notes"`
	CreatedAt moment    `json:"created_at"`
	UpdatedAt moment    `json:"updated_at"`
	Version   int64     `json:"version"`
}

// moment is written in UTC with milliseconds.
type moment time.Time

func (m moment) MarshalJSON() ([]byte, error) {
	return time.Time(m).UTC().AppendFormat(make([]byte, 0, 32), `"2006-01-02T15:04:05.000Z"`), nil
}

var _ json.Marshaler = moment{}

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

const columns = ` id, title, completed, "order", notes, created_at, updated_at, version `

func scan(row pgx.Row, todo *Todo) error {
	err := row.Scan((*[16]byte)(&todo.ID), &todo.Title, &todo.Completed, &todo.Order, &todo.Notes,
		(*time.Time)(&todo.CreatedAt), (*time.Time)(&todo.UpdatedAt), &todo.Version)
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
		[16]byte(owner), [16]byte(todo.ID), todo.Title, todo.Completed, todo.Order, todo.Notes), todo)
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
