<?php
/**
 * A classic worker of the rigs: it takes the oldest entry, whoever it is for, and completes what is its own; what is not, it puts back. What
 * it has in its hands is written down in the same step, so that it is known what died with it.
 */
require 'Predis/Autoloader.php';
Predis\Autoloader::register();

[, $name, $host, $port, $held] = $argv;
$redis = new Predis\Client(['host' => $host, 'port' => (int) $port]);

/** RPOP, and a note of what it brought. */
$take = <<<'LUA'
local text = redis.call('RPOP', KEYS[1])
if text then redis.call('SADD', KEYS[2], text) end
return text
LUA;
/** LPUSH of a completion, or of the entry itself, and the end of the note. */
$put = <<<'LUA'
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('SREM', KEYS[2], ARGV[2])
LUA;

echo "ready\n";
for (;;) {
    $text = $redis->eval($take, 2, 'task:queue', $held);
    if ($text === null) {
        $redis->blpop(['rig:nothing'], 1); // a pause: nothing ever comes there
        continue;
    }
    $task = json_decode($text, true);
    $isOwn = $task['assignee'] === $name;
    $completion = [
        'taskId' => $task['taskId'], 'completedBy' => $name, 'result' => $task['metadata'], 'metadata' => [],
        'completedAt' => date('c'), 'status' => 'completed',
    ];
    $redis->eval($put, 2, $isOwn ? 'task:completed' : 'task:queue', $held, $isOwn ? json_encode($completion) : $text, $text);
}
