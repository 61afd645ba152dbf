import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { serve } from './serve.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The command line: every command with its options. */
export function createProgram(): Command {
  const program = new Command('panel-sidecar')
    .description('Adds to a game-hosting panel the Application API endpoints that it lacks.')
    .version(version)
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });
  addServe(program);
  return program;
}

function addServe(program: Command): void {
  program
    .command('serve')
    .description('run the service')
    .requiredOption('--panel <path>', "the panel's folder, or its .env file")
    .option('--listen <host:port>', 'where to listen (default 127.0.0.1:8091)')
    .option('--config <file>', 'configuration file, as `init` writes it')
    .action(serve);
}
