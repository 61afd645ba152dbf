import { CommanderError } from 'commander';
import { ApiError } from '../api-error.ts';
import { AuditWriteError } from '../audit/activity-log.ts';
import { classifyFailure } from '../database/errors.ts';
import { firstLine, OperatorError } from '../operator-error.ts';
import { note, oneLine } from './output.ts';

/** Prints why a command failed, in one line, and makes the process exit with 1. */
export function setFailure(error: unknown): void {
  process.exitCode = 1;
  // Help and version end the same way as failures do; what commander has to say it has said.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode;
    return;
  }
  note(`panel-sidecar: ${oneLine(explain(error))}${debugDetail(error)}`);
}

function explain(error: unknown): string {
  if (error instanceof OperatorError) return error.message;
  if (error instanceof ApiError) return error.entries.map(({ detail }) => detail).join(' ');
  if (error instanceof AuditWriteError) {
    return `${error.message}, so nothing was done: ${firstLine(error.cause)}`;
  }
  if (classifyFailure(error) !== 'other') return `the database is not available: ${firstLine(error)}`;
  return `unexpected error: ${firstLine(error)} (DEBUG=panel-sidecar shows more)`;
}

function debugDetail(error: unknown): string {
  if (!(process.env.DEBUG ?? '').includes('panel-sidecar')) return '';
  return `\n${error instanceof Error ? error.stack : ''}`;
}
