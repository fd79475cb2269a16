import { Session } from './session.js';
import type { SnowflakeSettings } from './settings.js';

/** After this long without work a session is not trusted to be there still. */
const idleMs = 600_000;

/** At most so many sessions; who comes later waits in line. Sessions are opened when they are needed, and their errors go to who needed them. */
export class SessionPool {
  private readonly idle: Session[] = [];
  private readonly waiting: (() => void)[] = [];
  private taken = 0;

  constructor(
    private readonly source: string,
    private readonly settings: SnowflakeSettings,
    private readonly warehouse: string,
    private readonly size: number,
    private readonly connectMs: number,
  ) {}

  async take(): Promise<Session> {
    if (this.taken >= this.size) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.taken += 1;
    try {
      for (let session = this.idle.pop(); session !== undefined; session = this.idle.pop()) {
        if (performance.now() - session.idleSince < idleMs) return session;
        void session.close();
      }
      return await Session.open(this.source, this.settings, this.warehouse, this.connectMs);
    } catch (error) {
      this.free();
      throw error;
    }
  }

  async giveBack(session: Session): Promise<void> {
    if (session.sound) {
      session.idleSince = performance.now();
      this.idle.push(session);
    } else {
      void session.close();
    }
    this.free();
  }

  /** The place goes to who waits longest, if anyone does. */
  private free(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.taken -= 1;
    else next();
  }

  async close(): Promise<void> {
    await Promise.all(this.idle.splice(0).map((session) => session.close()));
  }
}
