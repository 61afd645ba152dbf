import { type ChildProcess, spawn } from 'node:child_process';

// Standard input ends when the process at its other end is gone, in whatever way it went.
const script = `
cat > /dev/null
pid=$(cat "$1/server.pid" 2> /dev/null)
kill -s "$2" "$pid" 2> /dev/null
tenths=100
while [ "$tenths" -gt 0 ] && kill -0 "$pid" 2> /dev/null; do
  sleep 0.1
  tenths=$((tenths - 1))
done
kill -9 "$pid" 2> /dev/null
rm -rf "$1"
`;

/**
 * Starts a small shell process that outlives this one just long enough to end a server and to remove its
 * folder. Exit handlers would not do: they do not run when the process is killed.
 *
 * @param folder the server's own folder; holds `server.pid` while the server runs
 * @param signal on which the server ends without waiting for its clients
 * @returns the process; when its standard input is ended and the folder is gone, it ends without doing anything
 */
export function startWatchdog(folder: string, signal: 'TERM' | 'INT' = 'TERM'): ChildProcess {
  // A process group of its own, so that Ctrl-C in a terminal does not end it before it has cleaned up.
  return spawn('sh', ['-c', script, 'sh', folder, signal], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
}
