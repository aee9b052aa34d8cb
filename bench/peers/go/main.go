// The design that people reach for first: net/http, a goroutine for each request, and a pool of connections (pgx).
// With -batch the requests share statements over arrays, as todo-worker's do; the rest is the same.
//
// PEER_SOCKET     where it listens        PEER_DATABASE     the folder of PostgreSQL's socket
// PEER_KEY        file with the key       PEER_CONNECTIONS  to PostgreSQL
// GOMAXPROCS      threads that run Go at once
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v4/pgxpool"
)

func main() {
	batched := flag.Bool("batch", false, "requests share statements over arrays")
	flag.Parse()

	connections, err := strconv.Atoi(os.Getenv("PEER_CONNECTIONS"))
	if err != nil {
		log.Fatalf("PEER_CONNECTIONS: %v", err)
	}
	key, err := os.ReadFile(os.Getenv("PEER_KEY"))
	if err != nil {
		log.Fatal(err)
	}
	pooled := connections
	if *batched {
		pooled = 3*connections + 2 // PEER_CONNECTIONS of each kind of statement, and two for what has no batch
	}
	config, err := pgxpool.ParseConfig(fmt.Sprintf(
		"host=%s dbname=todo user=todo_worker pool_max_conns=%d pool_min_conns=%d",
		os.Getenv("PEER_DATABASE"), pooled, pooled))
	if err != nil {
		log.Fatal(err)
	}
	pool, err := pgxpool.ConnectConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	var store Store = single{pool}
	if *batched {
		store = newBatched(single{pool}, connections)
	}
	listener, err := net.Listen("unix", os.Getenv("PEER_SOCKET"))
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{
		Handler:           &api{store: store, key: key},
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       75 * time.Second,
	}
	go func() {
		ended := make(chan os.Signal, 1)
		signal.Notify(ended, syscall.SIGTERM)
		<-ended
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(limit)
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		log.Fatal(err)
	}
}
