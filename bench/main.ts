import type { RunningService } from '../test/support/service.ts';
import { startBareServer } from './bare.ts';
import { measureDirect } from './direct.ts';
import { findLoadGenerator, type LoadGenerator } from './load.ts';
import { type Comparison, compare, connectionCounts } from './measure.ts';
import { type BenchOptions, parseOptions, type ScenarioName, usage } from './options.ts';
import { measurePorts, renderPorts } from './ports.ts';
import { profileService } from './profile-service.ts';
import { describeMachine, type Report, type RunFacts, renderReport } from './report.ts';
import { runMain } from './run-main.ts';
import { benchPaths, benchToken } from './seed.ts';
import { createSetting, type Setting } from './setting.ts';
import { measureWorkers, renderWorkers, type WorkersReport } from './workers.ts';

const warmUpSeconds = 3;

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === null) {
    process.stdout.write(usage);
    return;
  }
  const setting = await createSetting();
  try {
    const { name, generate } = await findLoadGenerator(setting.scratch);
    if (options.profile !== null) {
      process.stdout.write(await profileService(setting, generate, options, options.profile));
      return;
    }
    if (options.workers) {
      const report = await measureAllWorkers(setting, generate, name, options);
      process.stdout.write(
        options.json ? `${JSON.stringify(report, null, 2)}\n` : report.map(renderWorkers).join('\n'),
      );
      return;
    }
    const report = await measure(setting, generate, name, options);
    const ports = options.ports ? await measurePorts() : null;
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ ...report, ports }, null, 2)}\n`);
      return;
    }
    if (report.results.length > 0) process.stdout.write(renderReport(report));
    if (ports !== null) process.stdout.write(`${renderPorts(ports)}\n`);
  } finally {
    await setting.stop();
  }
}

async function measure(
  setting: Setting,
  generate: LoadGenerator,
  loadGenerator: string,
  options: BenchOptions,
): Promise<Report> {
  const service = await setting.startService();
  const results: Comparison[] = [];
  try {
    for (const scenario of options.scenarios) {
      results.push(...(await measureScenario(setting, generate, options, service, scenario)));
    }
  } finally {
    await service.stop();
  }
  return { ...factsOf(setting, loadGenerator, options), results };
}

/** From one worker to as many as there are cores, and at least two, to have something to compare. */
async function measureAllWorkers(
  setting: Setting,
  generate: LoadGenerator,
  loadGenerator: string,
  options: BenchOptions,
): Promise<WorkersReport[]> {
  const facts = factsOf(setting, loadGenerator, options);
  const most = Math.max(2, facts.machine.cores);
  const reports: WorkersReport[] = [];
  for (const scenario of options.scenarios) {
    const measured = await measureWorkers(setting, generate, scenario, options.seconds, most);
    reports.push({ ...facts, ...measured });
  }
  return reports;
}

function factsOf(setting: Setting, loadGenerator: string, { seconds }: BenchOptions): RunFacts {
  return {
    ...{ machine: describeMachine(), node: process.versions.node, database: setting.databaseVersion },
    ...{ loadGenerator, secondsPerRound: seconds },
  };
}

async function measureScenario(
  setting: Setting,
  generate: LoadGenerator,
  { seconds }: BenchOptions,
  service: RunningService,
  scenario: ScenarioName,
): Promise<Comparison[]> {
  const paths = benchPaths[scenario];
  const token = benchToken.identifier + benchToken.secret;
  const bare = await startBareServer(service.url, paths, token, setting.scratch);
  const contest = {
    ...{ scenario, generate },
    bare: { pid: bare.pid, load: { url: bare.url, paths, token, seconds } },
    service: { pid: service.process.pid ?? 0, load: { url: service.url, paths, token, seconds } },
    direct: () => measureDirect(setting.mariadb, setting.databaseName, 1),
  };
  try {
    for (const { load } of [contest.bare, contest.service]) {
      await generate({ ...load, connections: 64, seconds: warmUpSeconds });
    }
    const results: Comparison[] = [];
    for (const connections of connectionCounts) results.push(await compare(contest, connections));
    return results;
  } finally {
    bare.stop();
  }
}

await runMain(main);
