import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { EnvironmentSource } from '../config/environment.ts';
import { OperatorError } from '../service/operator-error.ts';
import { makeFolder } from '../storage/folder.ts';
import { readStorySettings, type StorySettings } from './settings.ts';
import { Story } from './story.ts';
import { View } from './view.ts';

const usage = `npm start [-- --once]

Starts a shop: an order-service that calls a user-service, and people who order and look. Then tells a story of about
a minute in which the user-service falls ill, is killed and comes back.

  --once   exit after the summary, with status 1 if the shop broke a promise
  --help   this text

Environment: ORDER_SERVICE_PORT (8080), USER_SERVICE_PORT (8081), SEED_USERS (3000), SHOP_REQUESTS_PER_SECOND (60),
SHOP_SEED (1), SHOP_STORY_SECONDS (58), SHOP_DATA_DIR (a temporary folder), DATABASE_URL (PostgreSQL instead of SQLite).`;

/** What `npm start` does. @throws OperatorError when something is wrong that whoever starts it can mend. */
export async function start(args: readonly string[], environment: EnvironmentSource): Promise<void> {
  const flags = readFlags(args);
  if (flags.help) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const settings = readStorySettings(environment);
  const { folder, temporary } = folderFor(settings);
  const view = new View({ write: (text) => process.stdout.write(text), terminal: wantsColour(environment) });
  const story = new Story({ settings, folder, view });
  const interrupted = onInterrupt();
  try {
    view.line('Starting user-service and order-service …');
    await story.open();
    view.line(`order-service ${story.urls.orders}   user-service ${story.urls.users}   logs in ${folder}`);
    const told = await Promise.race([story.tell().then(() => 'told' as const), interrupted]);
    if (told === 'interrupted') return;

    const broken = await sumUp(story, view);
    if (broken > 0) process.exitCode = 1;
    if (flags.once) return;
    for (const line of afterwards(story)) view.line(line);
    await interrupted;
  } finally {
    await story.close();
    // With a promise broken, what is stored is the evidence.
    if (temporary && process.exitCode !== 1) rmSync(folder, { recursive: true, force: true });
  }
}

async function sumUp(story: Story, view: View): Promise<number> {
  const checks = await story.check();
  view.line();
  for (const { promise, kept, evidence } of checks)
    view.line(`${kept ? '✓ kept  ' : '✗ BROKEN'} ${promise}: ${evidence}`);
  const broken = checks.filter((check) => !check.kept).length;
  view.line(broken === 0 ? 'All promises were kept.' : `${broken} of ${checks.length} promises were broken.`);
  return broken;
}

/** The shop goes on serving; these are for trying it by hand. */
function afterwards(story: Story): readonly string[] {
  const { orders, users } = story.urls;
  const order = {
    userId: 42,
    items: [{ sku: 'tea-jasmine', quantity: 2, unitPrice: 1200 }],
    shippingAddress: { line1: '1 Sejong-daero', city: 'Seoul', postalCode: '04524', country: 'KR' },
  };
  const json = "-H 'content-type: application/json'";
  return [
    '',
    'The shop goes on serving. To try:',
    `  curl -s ${orders}/orders/${story.anOrderId ?? ':id'}`,
    `  curl -si ${orders}/orders ${json} -H 'idempotency-key: mine-1' -d '${JSON.stringify(order)}'`,
    '    … and once more: the same order, with Idempotent-Replayed: true',
    `  curl -si ${orders}/orders ${json} -H 'idempotency-key: mine-2' -H 'accept-language: ko' -d '${JSON.stringify({ ...order, userId: 999_999 })}'`,
    `  curl -s -X PUT ${users}/faults ${json} -d '{"latencyMs":300,"failureRatio":1}'   (and -X DELETE to heal it)`,
    `  curl -s ${orders}/ops/user-service`,
    'Ctrl-C stops it.',
  ];
}

function readFlags(args: readonly string[]): { readonly once: boolean; readonly help: boolean } {
  try {
    const options = { once: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } } as const;
    const { values } = parseArgs({ args: [...args], options });
    return values;
  } catch (error) {
    throw new OperatorError(`${(error as Error).message}\n\n${usage}`);
  }
}

function folderFor({ dataDir }: StorySettings): { readonly folder: string; readonly temporary: boolean } {
  if (dataDir !== undefined) {
    try {
      makeFolder(dataDir);
      accessSync(dataDir, constants.W_OK);
    } catch (error) {
      const reason = (error as NodeJS.ErrnoException).code ?? 'it cannot be';
      throw new OperatorError(`SHOP_DATA_DIR: expected a folder that can be written to, got ${dataDir} (${reason})`);
    }
    return { folder: dataDir, temporary: false };
  }
  return { folder: mkdtempSync(join(tmpdir(), 'switchgear-shop-')), temporary: true };
}

function wantsColour(environment: EnvironmentSource): boolean {
  // NO_COLOR: https://no-color.org
  return process.stdout.isTTY === true && (environment.NO_COLOR ?? '') === '';
}

function onInterrupt(): Promise<'interrupted'> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('interrupted'));
  });
}
