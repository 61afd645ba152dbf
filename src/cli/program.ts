import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { settingsFileName } from '../config/load.ts';
import { parseDays, parseGrace, parseWorkers } from './numbers.ts';
import { oneLine } from './output.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The command line: every command with its options. */
export function createProgram(): Command {
  const program = new Command('panel-sidecar')
    .description('Adds to a game-hosting panel the Application API endpoints that it lacks.')
    .version(version)
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`${oneLine(toFailure(text))}\n`) });

  onPanel(program.command('serve'))
    .description('run the service')
    .option('--listen <host:port>', 'where to listen (default 127.0.0.1:8091)')
    .option('--workers <n>', 'processes that share the work, or auto (default 1)', parseWorkers)
    .action(lazily(async () => (await import('./serve.ts')).serve));

  program
    .command('demo')
    .description('run the service over a small panel made up for the occasion')
    .option('--listen <host:port>', 'where to listen (default 127.0.0.1:8091, or any free port)')
    .option('--pelican', 'make the panel a Pelican, not a Pterodactyl')
    .action(lazily(async () => (await import('./demo.ts')).demo));

  program
    .command('init')
    .description('write the commented configuration file')
    .argument('[file]', 'where to', settingsFileName)
    .option('--force', 'replace a file that exists')
    .action(lazily(async () => (await import('./init.ts')).init));

  onPanel(program.command('doctor'))
    .description('check everything the service needs, and say how to mend what is wrong')
    .option('--url <address>', "the panel's public address, for scopes (default APP_URL)")
    .option('--user <user>', 'whose throw-away key to try scopes with (default one without servers)')
    .option('--json', 'print for programs')
    .action(lazily(async () => (await import('./doctor.ts')).doctor));

  onPanel(program.command('migrate'))
    .description("make the own tables in the panel's database, for scopes, rotation and the like")
    .option('--down', 'remove them, with all they hold')
    .option('--revoke-them', 'with --down: revoke the keys that would be set free')
    .action(lazily(async () => (await import('./migrate.ts')).migrate));

  const keys = program
    .command('keys')
    .description('list, make and revoke API keys; a user is an id, e-mail or username');
  onPanel(keys.command('list'))
    .description('list the keys that a user holds')
    .argument('<user>')
    .option('--json', 'print what the API would answer')
    .action(lazily(async () => (await import('./keys-list.ts')).keysList));
  onPanel(keys.command('create'))
    .description('make a key for a user and print it, this once')
    .argument('<user>')
    .requiredOption('--description <text>', 'what it is for')
    .option('--allowed-ip <ip...>', 'addresses or ranges it may be used from (default anywhere)')
    .option('--json', 'print what the API would answer')
    .action(lazily(async () => (await import('./keys-create.ts')).keysCreate));
  onPanel(keys.command('revoke'))
    .description("delete one of a user's keys")
    .argument('<user>')
    .argument('<identifier>', 'the first 16 characters of the key')
    .option('--json', 'print nothing')
    .action(lazily(async () => (await import('./keys-revoke.ts')).keysRevoke));
  onPanel(keys.command('rotate'))
    .description('replace one by a new one with the same settings, and print it, this once')
    .argument('<user>')
    .argument('<identifier>')
    .option('--grace-seconds <n>', 'how long the old one works beside it, at most 604800', parseGrace, 0)
    .option('--json', 'print what the API would answer')
    .action(lazily(async () => (await import('./keys-rotate.ts')).keysRotate));
  onPanel(keys.command('prune'))
    .description('delete keys that nobody uses, or that have ended; those of admins and disabled ones stay')
    .option('--unused-days <n>', 'those not used, nor made, for so many days', parseDays)
    .option('--expired', 'those that have ended')
    .option('--include-admins', 'those of admins too')
    .option('--include-disabled', 'disabled ones too')
    .option('--dry-run', 'only say which')
    .option('--json', 'print for programs')
    .action(lazily(async () => (await import('./keys-prune.ts')).keysPrune));
  onPanel(keys.command('audit'))
    .description('list keys of all users that could be less of a risk, and why')
    .option('--older-than-days <n>', 'what counts as old', parseDays, 365)
    .option('--json', 'print for programs')
    .action(lazily(async () => (await import('./keys-audit.ts')).keysAudit));

  const allocations = program.command('allocations').description("nodes' ports; NODE is an id or name");
  onPanel(allocations.command('free'))
    .description('list the ports that no server has')
    .argument('<node>', 'id or name')
    .option('--range <from-to>', 'only these ports')
    .option('--consecutive <n>', 'list runs of so many neighbours on one address')
    .option('--page <n>', 'which page (default 1)')
    .option('--per-page <n>', 'how many on a page (default 50)')
    .option('--json', 'print what the API would answer')
    .action(lazily(async () => (await import('./allocations-free.ts')).allocationsFree));
  onPanel(allocations.command('claim'))
    .description('pick some and hold them for a user, whose keys may then use, extend and release the claim')
    .argument('<node>', 'id or name')
    .requiredOption('--count <n>', 'how many')
    .requiredOption('--for <user>', 'whose claim it is: an id, e-mail or username')
    .option('--consecutive', 'neighbours on one address')
    .option('--same-ip', 'all on one address')
    .option('--range <from-to>', 'only these ports')
    .option('--ip <address>', 'on this address')
    .option('--prefer <what>', '`lowest` for the lowest ports, else any (default random)')
    .option('--ttl <seconds>', 'how long they are held (default 120)')
    .option('--reference <text>', "the caller's own order or customer number")
    .option('--json', 'print what the API would answer')
    .action(lazily(async () => (await import('./allocations-claim.ts')).allocationsClaim));
  onPanel(allocations.command('usage'))
    .description('show how the ports of each node are taken')
    .option('--json', 'print for programs')
    .action(lazily(async () => (await import('./allocations-usage.ts')).allocationsUsage));

  program
    .command('openapi')
    .description('print the OpenAPI document')
    .action(lazily(async () => (await import('./openapi.ts')).openapi));

  return program;
}

/** A command whose file is read when it is run: the service starts sooner without all the others. */
function lazily<Arguments extends unknown[]>(
  load: () => Promise<(...args: Arguments) => Promise<void> | void>,
): (...args: Arguments) => Promise<void> {
  return async (...args) => (await load())(...args);
}

/** The options of every command that works on a panel. */
function onPanel(command: Command): Command {
  return command
    .requiredOption('--panel <path>', "the panel's folder, or its .env file")
    .option('--config <file>', 'configuration file, as `init` writes it');
}

/** A failure in this program's form, from commander's `error: …`. */
function toFailure(text: string): string {
  return text.replace(/^error: /, 'panel-sidecar: ');
}
