import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { OpsReport } from '../order-service/telemetry.ts';
import { brownOut, type Chapter, chaptersOf } from './chapters.ts';
import { type Databases, readStored } from './databases.ts';
import { checkPromises, type PromiseCheck } from './promises.ts';
import { ServiceProcess } from './service-process.ts';
import type { StorySettings } from './settings.ts';
import { Shopper } from './shopper.ts';
import { summaryLines, type View } from './view.ts';

export interface StoryOptions {
  readonly settings: StorySettings;
  /** Where databases and logs go. */
  readonly folder: string;
  readonly view: View;
}

const allOrders = 1_000_000;

/** Five minutes and an hour are too long for a story of a minute: here users age faster, so that one sees it. */
function forgetfulness(storySeconds: number): Record<'USER_FRESH_SECONDS' | 'USER_STALE_SECONDS', string> {
  const share = (part: number): string => String(Math.max(1, Math.round(storySeconds * part)));
  return { USER_FRESH_SECONDS: share(0.15), USER_STALE_SECONDS: share(0.4) };
}

/** The shop, running: two services in their own processes, and the people who come. */
export class Story {
  readonly #options: StoryOptions;
  readonly #userService: ServiceProcess;
  readonly #orderService: ServiceProcess;
  readonly #shopper: Shopper;
  readonly #databases: Databases;
  readonly #run: string;
  readonly #chapters: readonly Chapter[];

  constructor(options: StoryOptions) {
    const { settings, folder } = options;
    this.#options = options;
    this.#chapters = chaptersOf(settings.storySeconds);
    const userUrl = `http://127.0.0.1:${settings.userPort}`;
    const orderUrl = `http://127.0.0.1:${settings.orderPort}`;
    this.#databases = {
      orderFile: join(folder, 'orders.sqlite'),
      userFile: join(folder, 'users.sqlite'),
      orderUrl: settings.orderDatabaseUrl ?? settings.databaseUrl,
      userUrl: settings.databaseUrl,
    };
    this.#userService = new ServiceProcess({
      name: 'user-service',
      entry: new URL('../user-service/main.ts', import.meta.url),
      url: userUrl,
      logFile: join(folder, 'user-service.log'),
      env: {
        USER_SERVICE_PORT: String(settings.userPort),
        USER_DATABASE_FILE: this.#databases.userFile,
        SEED_USERS: String(settings.users),
        SHOP_FAULTS: 'allow',
      },
    });
    this.#orderService = new ServiceProcess({
      name: 'order-service',
      entry: new URL('../order-service/main.ts', import.meta.url),
      url: orderUrl,
      logFile: join(folder, 'order-service.log'),
      env: {
        ORDER_SERVICE_PORT: String(settings.orderPort),
        ORDER_DATABASE_FILE: this.#databases.orderFile,
        USER_SERVICE_URL: userUrl,
        ...forgetfulness(settings.storySeconds),
      },
    });
    // A database that outlives this run may hold orders of an earlier one; their keys are not ours.
    this.#run = `run-${Date.now().toString(36)}`;
    const { users, requestsPerSecond, seed } = settings;
    this.#shopper = new Shopper({ url: orderUrl, users, requestsPerSecond, seed, run: this.#run });
  }

  get urls(): { readonly orders: string; readonly users: string } {
    return { orders: this.#orderService.url, users: this.#userService.url };
  }

  /** An order that was accepted, to look at. */
  get anOrderId(): string | undefined {
    return this.#shopper.accepted.at(-1)?.id;
  }

  /** Starts both services. @throws OperatorError with what a service said, when it does not come up. */
  async open(): Promise<void> {
    await this.#userService.start();
    await this.#orderService.start();
  }

  /** Tells the story, a line per second. */
  async tell(): Promise<void> {
    const { view } = this.#options;
    const startedAt = performance.now();
    let second = 0;
    this.#shopper.start();
    for (const chapter of this.#chapters) {
      view.chapter(chapter, second);
      await this.#happen(chapter);
      for (let i = 0; i < chapter.seconds; i++) {
        second++;
        await wait(Math.max(0, startedAt + second * 1000 - performance.now()));
        const report = await this.#report();
        view.second({ at: second, seen: this.#shopper.lookBack(), client: report?.seconds.at(-1) });
      }
    }
    await this.#shopper.stop();
  }

  /** Sums up and holds the promises against what is stored. */
  async check(): Promise<readonly PromiseCheck[]> {
    const { view } = this.#options;
    const report = await this.#report();
    if (report === undefined) throw new Error('the order-service does not answer at the end of the story');
    const seconds = this.#chapters.reduce((sum, chapter) => sum + chapter.seconds, 0);
    view.line();
    for (const line of summaryLines(this.#shopper.total, report, seconds)) view.line(line);
    const { orders, users } = await readStored(this.#databases, allOrders);
    const ofThisRun = orders.filter((order) => order.shippingAddress.line2?.includes(this.#run));
    return checkPromises({
      run: this.#run,
      accepted: this.#shopper.accepted,
      doubled: this.#shopper.doubled,
      acceptedUnknown: this.#shopper.acceptedUnknown,
      stored: ofThisRun,
      userExists: (id) => users.has(id),
      report,
    });
  }

  /** Stops both services, the one that calls first. */
  async close(): Promise<void> {
    await this.#shopper.stop();
    await this.#orderService.close();
    await this.#userService.close();
  }

  async #happen({ happening }: Chapter): Promise<void> {
    switch (happening) {
      case 'nothing':
        return;
      case 'slow-and-failing': {
        const init = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(brownOut) };
        const response = await fetch(`${this.#userService.url}/faults`, init);
        if (!response.ok) throw new Error(`the user-service refuses to be made ill: ${response.status}`);
        return;
      }
      case 'killed':
        return this.#userService.kill();
      case 'restarted':
        return this.#userService.start();
    }
  }

  async #report(): Promise<OpsReport | undefined> {
    try {
      const response = await fetch(`${this.#orderService.url}/ops/user-service`, { signal: AbortSignal.timeout(900) });
      return response.ok ? ((await response.json()) as OpsReport) : undefined;
    } catch {
      return undefined;
    }
  }
}
