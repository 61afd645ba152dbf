import type { Settings } from '../config/settings.ts';
import type { Database } from '../database/database.ts';
import type { ProcessEnv } from '../panel/env/dotenv.ts';
import type { PanelEnv } from '../panel/env/panel-env.ts';
import type { Panel, PanelKind } from '../panel/panel.ts';
import type { Services } from '../services.ts';

/** A check asked for what an earlier one could not find out. */
export class MissingFinding extends Error {
  override name = 'MissingFinding';
}

/** Something that one check finds out and later ones build on. */
export class Finding<Value> {
  readonly #what: string;
  #known: { readonly value: Value } | null = null;

  /** @param what Stands for it in the report where it is missing. */
  constructor(what: string) {
    this.#what = what;
  }

  set(value: Value): void {
    this.#known = { value };
  }

  /** @throws MissingFinding */
  get(): Value {
    if (this.#known === null) throw new MissingFinding(`needs ${this.#what}`);
    return this.#known.value;
  }

  /** The value, or null where nobody found it. */
  peek(): Value | null {
    return this.#known?.value ?? null;
  }
}

/** Where `doctor` was told to look. */
export interface DoctorTarget {
  /** The panel's folder, or its `.env`. */
  readonly panel: string;
  /** The configuration file, or null for none. */
  readonly config: string | null;
  readonly processEnv: ProcessEnv;
  /** The panel's public address; absent for APP_URL. */
  readonly url?: string;
  /** Finds the user to make a throw-away key of, absent for any who will do. @throws OperatorError */
  readonly owner?: (services: Services) => Promise<{ readonly id: number }>;
}

/** What the checks know, filled in as they go. */
export class Findings {
  readonly target: DoctorTarget;
  readonly env = new Finding<PanelEnv>("the panel's environment");
  readonly settings = new Finding<Settings>('the configuration');
  /** Open, with sessions as the server sets them up. */
  readonly database = new Finding<Database>('the database');
  readonly kind = new Finding<PanelKind>("the panel's tables");
  readonly panel = new Finding<Panel>("the panel's tables");
  /** Set where they are there. */
  readonly ownTables = new Finding<true>('the own tables');

  constructor(target: DoctorTarget) {
    this.target = target;
  }

  /** Lets go of what the checks opened. */
  async close(): Promise<void> {
    await this.database.peek()?.close();
  }
}
