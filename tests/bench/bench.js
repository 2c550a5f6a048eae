// The same job in Node: ws, JSON.parse, and statistics for each queue and field.
const fs = require('fs');
const WebSocket = require('ws');

const [url, ca, frames] = process.argv.slice(2);
const queues = new Map();
let left = Number(frames);

function add(cells, name, x) {
	let c = cells.get(name);
	if (!c)
		cells.set(name, c = {
			n: 0, min: Infinity, max: -Infinity, sum: 0, squares: 0, bins: new Map(),
		});
	const bin = x > 0 ? Math.ceil(Math.log(x) / Math.log(1.01 / 0.99)) : -Infinity;
	c.n++;
	c.last = x;
	c.min = Math.min(c.min, x);
	c.max = Math.max(c.max, x);
	c.sum += x;
	c.squares += x * x;
	c.bins.set(bin, (c.bins.get(bin) || 0) + 1);
}

const socket = new WebSocket(url, { ca: fs.readFileSync(ca), perMessageDeflate: false });
socket.on('message', (text) => {
	const { data } = JSON.parse(text);
	let cells = queues.get(data.queueId);
	if (!cells)
		queues.set(data.queueId, cells = new Map());
	add(cells, 'lag', Date.now() - Date.parse(data.timestamp));
	for (const metric of ['state', 'queueState', 'conversationCount', 'waitTime'])
		for (const field in data[metric])
			add(cells, metric + '.' + field, data[metric][field]);
	if (--left === 0) {
		console.log(queues.size);
		process.exit(0);
	}
});
