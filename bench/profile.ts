import { mkdtempSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The parts of V8's .cpuprofile that are read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  /** When profiling began, in microseconds of the machine's monotonic clock. */
  readonly startTime: number;
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

/** Time spent in one place itself, without what it calls. */
export interface SelfTime {
  readonly name: string;
  readonly ms: number;
  /** Part of the time in which the process was busy. */
  readonly share: number;
}

/** Environment with which a Node process writes a CPU profile into `folder` when it ends. */
export function profileEnv(folder: string): Record<string, string> {
  return { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` };
}

/** A new folder for profiles. */
export function profileFolder(): string {
  return mkdtempSync(join(tmpdir(), 'panel-sidecar-profile-'));
}

/** Moves the one profile out of its folder. */
export function takeProfile(folder: string, file: string): void {
  const [name] = readdirSync(folder);
  if (name === undefined) throw new Error('the service wrote no profile');
  renameSync(join(folder, name), file);
}

/** A stretch of time in microseconds of the machine's monotonic clock, which all processes share. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The monotonic clock now, in microseconds. */
export function monotonicNow(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Adds up what a profile holds of `span`, by function or by package of node_modules; the largest first. */
export function selfTimes(file: string, by: 'function' | 'package', span: Span): readonly SelfTime[] {
  const profile = JSON.parse(readFileSync(file, 'utf8')) as CpuProfile;
  const label = by === 'function' ? functionName : packageName;
  const names = new Map(profile.nodes.map(({ id, callFrame }) => [id, label(callFrame)]));
  const totals = new Map<string, number>();
  let time = profile.startTime;
  profile.samples.forEach((id, index) => {
    const delta = profile.timeDeltas[index] ?? 0;
    time += delta;
    if (time < span.from || time > span.to) return;
    const name = names.get(id) ?? '';
    totals.set(name, (totals.get(name) ?? 0) + delta);
  });
  totals.delete('(idle)');
  const busy = [...totals.values()].reduce((sum, total) => sum + total, 0);
  return [...totals]
    .map(([name, total]) => ({ name, ms: total / 1000, share: total / busy }))
    .sort((a, b) => b.ms - a.ms);
}

type CallFrame = CpuProfile['nodes'][number]['callFrame'];

function functionName({ functionName: name, url, lineNumber }: CallFrame): string {
  if (url === '') return name;
  return `${name || '(anonymous)'} ${shortPath(url)}:${lineNumber + 1}`;
}

/** The package that code belongs to; `src` for the service's own, `node` for Node and V8. */
function packageName({ functionName: name, url }: CallFrame): string {
  // What V8 has no place in the code for: `(program)` is native code, system calls among it.
  if (/^\(.*\)$/.test(name)) return name;
  const path = shortPath(url);
  const dependency = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1];
  if (dependency !== undefined) return dependency;
  return path.startsWith('src/') ? path.split('/').slice(0, 2).join('/') : 'node';
}

function shortPath(url: string): string {
  return url.startsWith('file:') ? relative(root, fileURLToPath(url)) : url;
}
