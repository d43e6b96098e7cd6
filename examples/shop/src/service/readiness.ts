/** Whether the process wants new work. It starts willing and, once told to stop, never turns back. */
export class Readiness {
  #stopping = false;

  get stopping(): boolean {
    return this.#stopping;
  }

  stop(): void {
    this.#stopping = true;
  }
}
