/**
 * Loaded before a program (`NODE_OPTIONS=--import …`), shifts the program's clock by SHIFT_CLOCK_MS
 * milliseconds, as on a machine whose clock is wrong. Each SIGUSR2 makes it jump by JUMP_CLOCK_MS more.
 */
let shift = Number(process.env.SHIFT_CLOCK_MS ?? 0);
const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(RealDate.now() + shift);
    else super(...(args as [number]));
  }

  static override now(): number {
    return RealDate.now() + shift;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;

process.on('SIGUSR2', () => {
  shift += Number(process.env.JUMP_CLOCK_MS ?? 0);
});
