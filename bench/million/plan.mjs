// What a fleet takes, from what one machine's run has measured. Arithmetic alone: plan_cli.mjs reads and prints.

const mib = 2 ** 20;
const gib = 2 ** 30;
const slotBytes = 424; // of nginx, whether or not somebody is connected

// What one run says of the service: microseconds of processor time a request, by role, at the phase's rate, and bytes.
export function costsOf(run, { database_bytes: database, stack }) {
  const phases = run.phases.filter((phase) => phase.rate > 0 && !phase.overload && phase.dropped === 0);
  const phase = phases.find(({ rate }) => rate === 5000) ?? phases[0];
  if (!phase) throw new Error('this run has no phase with requests: name another with --run');
  const part = (name) => run.memory.parts.find((one) => one.name === name);
  return {
    users: run.users,
    rate: phase.rate,
    us: { edge: phase.cpu.nginx, app: phase.cpu.worker, database: phase.cpu.postgresql },
    connection: (part('kernel').slope + part('nginx').slope) * 1024,
    // What there is before anybody comes: of nginx, it is in proportion to the processes and their slots.
    nginx: (part('nginx').begin * 1024) / stack.nginx_processes,
    slots: stack.slots,
    worker: (part('worker').end * 1024) / stack.worker_processes,
    rows: database / run.users,
  };
}

// Of hosts that are `cores` wide and shall be busy up to `busy` (0..1): how many for so many seconds of work a second.
const hostsFor = (work, { cores, busy }) => Math.ceil(work / (cores * busy) - 1e-9);
const roundUp = (value, step) => Math.ceil(value / step) * step;

// The smallest number of slots, in steps of 1,024, at which the fullest process of 200 stays below 15/16, above which nginx
// closes idle connections. Spread by a hash of the client's address and port, a process has up to 4.5 standard deviations
// more than the mean. On a bench, where 20 connections of one source port stay together, it has more.
function slotsFor(clients, processes) {
  const mean = clients / processes;
  const fullest = mean + 4.5 * Math.sqrt(mean) + 40;
  return roundUp(Math.max((fullest * 16) / 15, 1024), 1024);
}

// `need`: {users, rate}. `host`: {cores, memory (bytes), busy (0..1), spare: hosts more of each kind that may fail}.
// `stack`: numbers of the stack. `costs`: of costsOf.
export function plan(need, host, stack, costs) {
  const work = Object.fromEntries(Object.entries(costs.us).map(([role, us]) => [role, (need.rate * us) / 1e6])); // processors
  const usable = host.memory * 0.8; // the rest is the system's, and for peaks

  // An edge: connections, and nginx's processes with their slots.
  const edgeMemory = (edges) => {
    const clients = Math.ceil(need.users / edges);
    const slots = slotsFor(clients, stack.nginx_processes);
    return { clients, slots, bytes: stack.nginx_processes * (costs.nginx + Math.max(slots - costs.slots, 0) * slotBytes) + clients * costs.connection };
  };
  let edges = Math.max(hostsFor(work.edge, host), 1);
  while (edgeMemory(edges).bytes > usable) {
    if (edges > need.users) throw new Error('a host is too small for nginx itself: give --memory more');
    ++edges;
  }

  const apps = Math.max(hostsFor(work.app, host), 1);
  const processes = host.cores; // of the worker on each: one keeps a processor busy
  const backends = (apps + host.spare) * processes * stack.pool_connections;
  // A backend has 10 MiB of its own beside the shared buffers. Each database has one for each connection of each worker, and
  // a share of the rows.
  const rows = need.users * costs.rows;
  const ownBytes = (backends + stack.spare_connections) * 10 * mib;
  if (ownBytes >= usable) throw new Error(`a host is too small for a database with ${backends + stack.spare_connections} connections: give --memory more`);
  const databases = Math.max(hostsFor(work.database, host), Math.ceil(rows / (usable - ownBytes)), 1);

  const alone = work.edge + work.app + work.database <= host.cores * host.busy
    && edgeMemory(1).bytes + processes * costs.worker + rows + processes * stack.pool_connections * 10 * mib <= usable;
  return {
    work,
    alone,
    edges: { hosts: edges, ...edgeMemory(edges), busy: work.edge / edges / host.cores },
    apps: { hosts: apps, processes, bytes: processes * costs.worker, busy: work.app / apps / host.cores },
    databases: { hosts: databases, backends, rows, bytes: rows / databases + ownBytes, together: rows + ownBytes, busy: work.database / databases / host.cores },
    settings: settingsOf(edgeMemory(edges), backends, rows / databases, stack),
  };
}

// What differs from a system as it comes, with the arithmetic.
function settingsOf({ slots, clients }, backends, rows, stack) {
  const nofile = slots + stack.nginx_processes * stack.ports; // listening sockets of all processes, which each inherits
  const pages = roundUp(clients, 65_536);
  return [
    ['edge', 'worker_processes', stack.nginx_processes, `for ${clients} connections`],
    ['edge', 'worker_connections', slots, 'the fullest process stays below 15/16'],
    ['edge', 'worker_rlimit_nofile, nofile soft and hard', nofile, `slots + ${stack.nginx_processes} x ${stack.ports} listening sockets`],
    ['edge', 'fs.file-max', roundUp(clients + 100_000, 100_000), 'all connections, and the rest of the system'],
    ['edge', 'net.ipv4.tcp_mem', `${pages} ${Math.round(pages * 1.5)} ${pages * 2}`, 'pages: one for each connection, and up to two'],
    ['edge', 'thash_entries, on the kernel\'s command line', 2 ** Math.ceil(Math.log2(Math.max(clients, 2 ** 19))), 'where it finds a connection: a place for each'],
    ['edge', 'net.core.somaxconn, tcp_max_syn_backlog', 65_535, 'many who come back at once'],
    ['clients', 'net.ipv4.ip_local_port_range', '1024 65535', `one address has 64,512 ports for each of ${stack.ports} of the edge's`],
    ['database', 'max_connections', backends + stack.spare_connections, 'hosts, the spare one too, x processes x connections, and a reserve'],
    ['database', 'shared_buffers', `${Math.ceil(rows / gib)} GiB`, 'all rows and indexes: each is asked for once in minutes'],
  ];
}
