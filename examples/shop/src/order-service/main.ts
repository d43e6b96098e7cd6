import { requireSupportedNode } from '../service/node-version.ts';
import { runMain } from '../service/run-main.ts';

await runMain('order-service', async () => {
  requireSupportedNode();
  // Imported only now: on an old Node the modules below would already fail to load.
  const { startOrderService } = await import('./start-order-service.ts');
  await startOrderService(process.env);
});
