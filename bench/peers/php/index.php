<?php
// The FastCGI that people know: one file, a process for each request at work, a persistent connection to PostgreSQL in each
// process, and statements that are prepared once a connection.
//
// PEER_DATABASE: the folder of PostgreSQL's socket. PEER_KEY: a file of PHP that returns the key, so that opcache keeps it.
declare(strict_types=1);

const COLUMNS = 'id, title, completed, "order", notes, created_at, updated_at, version';
const STATEMENTS = [
    'list' => 'SELECT ' . COLUMNS . ' FROM todo WHERE owner_id = $1 AND deleted_at IS NULL ORDER BY id LIMIT $2',
    'find' => 'SELECT ' . COLUMNS . ' FROM todo WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL',
    'create' => 'INSERT INTO todo (owner_id, id, title, completed, "order", notes, created_at, updated_at, version)
        VALUES ($1, $2, $3, $4, $5, $6, now(), now(), 1) RETURNING ' . COLUMNS,
    'change' => 'UPDATE todo SET title = COALESCE($3, title), completed = COALESCE($4, completed),
        "order" = CASE WHEN $5::boolean THEN $6 ELSE "order" END, notes = COALESCE($7, notes), updated_at = now(),
        version = version + 1 WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL RETURNING ' . COLUMNS,
    'delete' => 'UPDATE todo SET title = \'\', notes = \'\', "order" = NULL, updated_at = now(), version = version + 1,
        deleted_at = now() WHERE owner_id = $1 AND id = $2 AND deleted_at IS NULL',
];

final class Refusal extends Exception
{
    public function __construct(public readonly int $status)
    {
        parent::__construct();
    }
}

/** Runs a prepared statement; prepares it where this connection has not yet. */
function ask(string $name, array $parameters): PgSql\Result
{
    $connection = pg_pconnect('host=' . getenv('PEER_DATABASE') . ' dbname=todo user=todo_worker')
        or throw new Refusal(503);
    $result = @pg_execute($connection, $name, $parameters);
    if ($result === false) {
        @pg_prepare($connection, $name, STATEMENTS[$name]);
        $result = pg_execute($connection, $name, $parameters);
    }
    return $result === false ? throw new Refusal(500) : $result;
}

function base64url(string $text): string
{
    return base64_decode(strtr($text, '-_', '+/'), true) ?: '';
}

/** The owner whose token this is: signature, algorithm, end, issuer and audience are verified. */
function owner(): string
{
    if (!preg_match('/^Bearer +([\w-]+)\.([\w-]+)\.([\w-]+)$/iD', $_SERVER['HTTP_AUTHORIZATION'] ?? '', $parts)) {
        throw new Refusal(401);
    }
    [, $head, $payload, $signature] = $parts;
    $key = require getenv('PEER_KEY');
    if (!hash_equals(hash_hmac('sha256', "$head.$payload", $key, true), base64url($signature))) {
        throw new Refusal(401);
    }
    $claims = json_decode(base64url($payload), true);
    if ((json_decode(base64url($head), true)['alg'] ?? '') !== 'HS256' || ($claims['exp'] ?? 0) <= time()
        || ($claims['iss'] ?? '') !== 'todo-worker' || ($claims['aud'] ?? '') !== 'todo-worker') {
        throw new Refusal(401);
    }
    return $claims['sub'];
}

/** The fields that a client sent, each of its type and within its bounds. */
function sent(): array
{
    $text = file_get_contents('php://input', length: 65537);
    if (strlen($text) > 65536) {
        throw new Refusal(413);
    }
    $fields = json_decode($text, true);
    if (json_last_error() !== JSON_ERROR_NONE) {
        throw new Refusal(400);
    }
    if (!is_array($fields) || array_diff_key($fields, ['title' => 1, 'completed' => 1, 'order' => 1, 'notes' => 1])) {
        throw new Refusal(422);
    }
    $title = $fields['title'] ?? null;
    $order = $fields['order'] ?? null;
    $right = (!array_key_exists('title', $fields) || is_string($title) && trim($title) !== '' && is_within($title, 1024))
        && (!array_key_exists('completed', $fields) || is_bool($fields['completed']))
        && ($order === null || is_int($order) && abs($order) <= 2 ** 53)
        && (!array_key_exists('notes', $fields) || is_string($fields['notes']) && is_within($fields['notes'], 8192));
    return $right ? $fields : throw new Refusal(422);
}

/** In code points, without the extension mbstring, which need not be there. */
function is_within(string $text, int $most): bool
{
    return strlen($text) <= $most || preg_match_all('/./us', $text) <= $most;
}

function uuid_v7(): string
{
    $bytes = substr(pack('J', (int) (microtime(true) * 1000)), 2) . random_bytes(10);
    $bytes[6] = chr(ord($bytes[6]) & 0x0f | 0x70);
    $bytes[8] = chr(ord($bytes[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($bytes), 4));
}

/** PostgreSQL leaves out the zeros at the end of a fraction. */
function moment(string $text): string
{
    return substr($text, 0, 10) . 'T' . substr($text, 11, 8) . '.' . str_pad(substr($text, 20, -3), 3, '0') . 'Z';
}

/** A row as the API shows it. */
function todo(array $row): array
{
    return [
        'id' => $row[0],
        'url' => "http://{$_SERVER['HTTP_HOST']}/v1/todos/$row[0]",
        'title' => $row[1],
        'completed' => $row[2] === 't',
        'order' => $row[3] === null ? null : (int) $row[3],
        'notes' => $row[4],
        'created_at' => moment($row[5]),
        'updated_at' => moment($row[6]),
        'version' => (int) $row[7],
    ];
}

function send(int $status, mixed $body, string $type = 'application/json'): void
{
    $text = json_encode($body, JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    http_response_code($status);
    header("Content-Type: $type");
    header('Content-Length: ' . strlen($text));
    echo $text;
}

function serve(): void
{
    if (!preg_match('#^/v1/todos(?:/([^/?]*))?(?:\?|$)#D', $_SERVER['REQUEST_URI'], $path)) {
        throw new Refusal(404);
    }
    $owner = owner();
    $method = $_SERVER['REQUEST_METHOD'];
    if (!isset($path[1])) {
        if ($method === 'GET') {
            $limit = filter_var($_GET['limit'] ?? 50, FILTER_VALIDATE_INT, ['options' => ['min_range' => 1, 'max_range' => 200]]);
            $rows = pg_fetch_all(ask('list', [$owner, $limit ?: throw new Refusal(400)]), PGSQL_NUM);
            send(200, array_map(todo(...), $rows));
        } elseif ($method === 'POST') {
            $fields = sent();
            $row = pg_fetch_row(ask('create', [
                $owner, uuid_v7(), $fields['title'] ?? throw new Refusal(422), ($fields['completed'] ?? false) ? 't' : 'f',
                $fields['order'] ?? null, $fields['notes'] ?? '',
            ]));
            $todo = todo($row);
            header("Location: {$todo['url']}");
            send(201, $todo);
        } else {
            throw new Refusal(405);
        }
        return;
    }
    $id = $path[1];
    if (!preg_match('/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/iD', $id)) {
        throw new Refusal(404);
    }
    if ($method === 'GET') {
        send(200, todo(pg_fetch_row(ask('find', [$owner, $id])) ?: throw new Refusal(404)));
    } elseif ($method === 'PATCH') {
        $fields = sent();
        $completed = isset($fields['completed']) ? ($fields['completed'] ? 't' : 'f') : null;
        $row = pg_fetch_row(ask('change', [
            $owner, $id, $fields['title'] ?? null, $completed,
            array_key_exists('order', $fields) ? 't' : 'f', $fields['order'] ?? null, $fields['notes'] ?? null,
        ]));
        send(200, todo($row ?: throw new Refusal(404)));
    } elseif ($method === 'DELETE') {
        if (pg_affected_rows(ask('delete', [$owner, $id])) === 0) {
            throw new Refusal(404);
        }
        http_response_code(204);
    } else {
        throw new Refusal(405);
    }
}

try {
    serve();
} catch (Refusal $refusal) {
    if ($refusal->status === 401) {
        header('WWW-Authenticate: Bearer');
    }
    send($refusal->status, ['title' => 'refused', 'status' => $refusal->status], 'application/problem+json');
}
