package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gofrs/uuid"
	"github.com/golang-jwt/jwt"
)

const bodyBytes = 64 << 10

var errNotFound = errors.New("there is no such todo")

// api answers the five requests.
type api struct {
	store Store
	key   []byte
}

// content is what a client sends.
type content struct {
	Title     field[string] `json:"title"`
	Completed field[bool]   `json:"completed"`
	Order     field[int64]  `json:"order"`
	Notes     field[string] `json:"notes"`
}

// field tells what was not sent (not set) from null (set, without a value).
type field[T any] struct {
	set   bool
	value *T
}

func (f *field[T]) UnmarshalJSON(text []byte) error {
	f.set = true
	return json.Unmarshal(text, &f.value)
}

func (f field[T]) isNull() bool { return f.set && f.value == nil }

func (a *api) ServeHTTP(answer http.ResponseWriter, request *http.Request) {
	id, isOne := "", false
	if rest := strings.TrimPrefix(request.URL.Path, "/v1/todos"); rest != "" {
		if len(rest) == len(request.URL.Path) || rest[0] != '/' {
			refuse(answer, http.StatusNotFound)
			return
		}
		id, isOne = rest[1:], true
	}
	owner, err := a.owner(request)
	if err != nil {
		answer.Header().Set("WWW-Authenticate", "Bearer")
		refuse(answer, http.StatusUnauthorized)
		return
	}
	if isOne {
		a.serveOne(answer, request, owner, id)
	} else {
		a.serveAll(answer, request, owner)
	}
}

func (a *api) serveAll(answer http.ResponseWriter, request *http.Request, owner uuid.UUID) {
	switch request.Method {
	case http.MethodGet:
		limit := int64(50)
		if text := request.URL.Query().Get("limit"); text != "" {
			var err error
			if limit, err = strconv.ParseInt(text, 10, 64); err != nil || limit < 1 || limit > 200 {
				refuse(answer, http.StatusBadRequest)
				return
			}
		}
		todos, err := a.store.List(request.Context(), owner, limit)
		if err != nil {
			fail(answer, err)
			return
		}
		for i := range todos {
			todos[i].show(request.Host)
		}
		send(answer, http.StatusOK, todos)
	case http.MethodPost:
		sent, ok := read(answer, request)
		if !ok {
			return
		}
		if !sent.Title.set {
			refuse(answer, http.StatusUnprocessableEntity)
			return
		}
		todo := Todo{id: uuid.Must(uuid.NewV7()), Title: *sent.Title.value, Order: sent.Order.value}
		if sent.Completed.set {
			todo.Completed = *sent.Completed.value
		}
		if sent.Notes.set {
			todo.Notes = *sent.Notes.value
		}
		if err := a.store.Create(request.Context(), owner, &todo); err != nil {
			fail(answer, err)
			return
		}
		todo.show(request.Host)
		answer.Header().Set("Location", todo.URL)
		send(answer, http.StatusCreated, &todo)
	default:
		refuse(answer, http.StatusMethodNotAllowed)
	}
}

func (a *api) serveOne(answer http.ResponseWriter, request *http.Request, owner uuid.UUID, text string) {
	id, err := uuid.FromString(text)
	if err != nil {
		refuse(answer, http.StatusNotFound)
		return
	}
	var todo *Todo
	switch request.Method {
	case http.MethodGet:
		todo, err = a.store.Find(request.Context(), owner, id)
	case http.MethodPatch:
		sent, ok := read(answer, request)
		if !ok {
			return
		}
		todo, err = a.store.Change(request.Context(), owner, id, sent)
	case http.MethodDelete:
		if err := a.store.Delete(request.Context(), owner, id); err != nil {
			fail(answer, err)
			return
		}
		answer.WriteHeader(http.StatusNoContent)
		return
	default:
		refuse(answer, http.StatusMethodNotAllowed)
		return
	}
	if err != nil {
		fail(answer, err)
		return
	}
	todo.show(request.Host)
	send(answer, http.StatusOK, todo)
}

// owner verifies the token of the request: signature, algorithm, end, issuer and audience.
func (a *api) owner(request *http.Request) (uuid.UUID, error) {
	text := request.Header.Get("Authorization")
	if len(text) < 7 || !strings.EqualFold(text[:7], "Bearer ") {
		return uuid.Nil, errors.New("no token")
	}
	claims := jwt.RegisteredClaims{}
	parser := jwt.Parser{ValidMethods: []string{"HS256"}}
	if _, err := parser.ParseWithClaims(text[7:], &claims, func(*jwt.Token) (interface{}, error) { return a.key, nil }); err != nil {
		return uuid.Nil, err
	}
	if !claims.VerifyExpiresAt(time.Now(), true) || !claims.VerifyIssuer("todo-worker", true) ||
		!claims.VerifyAudience("todo-worker", true) {
		return uuid.Nil, errors.New("not for us")
	}
	return uuid.FromString(claims.Subject)
}

// read takes what a client sent; where that is wrong, it has been answered.
func read(answer http.ResponseWriter, request *http.Request) (sent content, ok bool) {
	text, err := io.ReadAll(io.LimitReader(request.Body, bodyBytes+1))
	if err != nil || len(text) > bodyBytes {
		refuse(answer, http.StatusRequestEntityTooLarge)
		return sent, false
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	const most = 1 << 53
	title, order, notes := &sent.Title, &sent.Order, &sent.Notes
	failure := decoder.Decode(&sent)
	if failure != nil || decoder.More() {
		if !json.Valid(text) {
			refuse(answer, http.StatusBadRequest)
			return sent, false
		}
	}
	wrong := failure != nil || title.isNull() || sent.Completed.isNull() || notes.isNull() ||
		title.set && (strings.TrimSpace(*title.value) == "" || utf8.RuneCountInString(*title.value) > 1024) ||
		notes.set && utf8.RuneCountInString(*notes.value) > 8192 ||
		order.value != nil && (*order.value < -most || *order.value > most)
	if wrong {
		refuse(answer, http.StatusUnprocessableEntity)
	}
	return sent, !wrong
}

func send(answer http.ResponseWriter, status int, body interface{}) {
	text, err := json.Marshal(body)
	if err != nil {
		fail(answer, err)
		return
	}
	answer.Header().Set("Content-Type", "application/json")
	answer.Header().Set("Content-Length", strconv.Itoa(len(text)))
	answer.WriteHeader(status)
	answer.Write(text)
}

func fail(answer http.ResponseWriter, err error) {
	if errors.Is(err, errNotFound) {
		refuse(answer, http.StatusNotFound)
		return
	}
	log.Print(err)
	refuse(answer, http.StatusInternalServerError)
}

func refuse(answer http.ResponseWriter, status int) {
	answer.Header().Set("Content-Type", "application/problem+json")
	answer.WriteHeader(status)
	json.NewEncoder(answer).Encode(map[string]interface{}{"title": http.StatusText(status), "status": status})
}
