import { displayError, validationFailed } from '../api-error.ts';
import type { Settings } from '../config/settings.ts';
import { trimInput } from '../input/trim.ts';
import { isRotatedOut, type StoredKey } from '../stored-keys/stored-key.ts';

/**
 * The rules a user's keys keep together, checked while the user is locked. A key that has been replaced counts
 * no more.
 *
 * @param keys All account keys of the user.
 */
export class KeyRules {
  readonly #settings: Settings['api_key'];
  readonly #counted: readonly StoredKey[];

  constructor(settings: Settings['api_key'], keys: readonly StoredKey[]) {
    this.#settings = settings;
    this.#counted = keys.filter((key) => !isRotatedOut(key));
  }

  /** @param except The key that is about to have this description. @throws ApiError 422 */
  checkDescription(description: string, except: StoredKey | null): void {
    if (!this.#settings.unique_description) return;
    const wanted = comparable(description);
    const others = this.#counted.filter(({ id }) => id !== except?.id);
    if (!others.some(({ memo }) => memo !== null && comparable(memo) === wanted)) return;
    const detail = 'You already have an API key with this description.';
    throw validationFailed([{ field: 'description', rule: 'unique', detail }]);
  }

  /** @throws ApiError 400 where there is no room for another key. */
  checkLimit(): void {
    const limit = this.#settings.max_keys_per_user;
    if (this.#counted.length < limit) return;
    throw displayError(`This user has reached the limit of ${limit} API keys.`);
  }
}

/** Descriptions that a person would call the same compare equal, whatever the database's collation. */
function comparable(description: string): string {
  return trimInput(description.normalize('NFC')).toLowerCase();
}
