import { CommanderError } from 'commander';
import { ApiError } from '../api-error.ts';
import { OperatorError } from '../operator-error.ts';

/** Prints why a command failed, in one line, and makes the process exit with 1. */
export function setFailure(error: unknown): void {
  process.exitCode = 1;
  // Help and version end the same way as failures do; what commander has to say it has said.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode;
    return;
  }
  process.stderr.write(`panel-sidecar: ${explain(error)}\n`);
}

function explain(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  if (error instanceof ApiError) return error.entries.map(({ detail }) => detail).join(' ');
  const reason = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  return `unexpected error: ${reason} (DEBUG=panel-sidecar shows more)${debugDetail(error)}`;
}

function debugDetail(error: unknown): string {
  if (!(process.env.DEBUG ?? '').includes('panel-sidecar')) return '';
  return `\n${error instanceof Error ? error.stack : ''}`;
}
