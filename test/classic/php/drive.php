<?php
/**
 * Drives a classic agent by lines of JSON: `{"call": method, "args": [...]}` in, `{"value": ...}` or `{"error": ...}` out. It ends with
 * its standard input.
 */
require 'Predis/Autoloader.php';
Predis\Autoloader::register();
require __DIR__ . '/agent.php';

[, $id, $host, $port] = $argv;
$agent = new ClassicAgent($id, $host, (int) $port);
while (($line = fgets(STDIN)) !== false) {
    $request = json_decode($line, true);
    try {
        $reply = ['value' => $agent->{$request['call']}(...$request['args'])];
    } catch (Throwable $error) {
        $reply = ['error' => $error->getMessage()];
    }
    echo json_encode($reply, JSON_PRESERVE_ZERO_FRACTION), "\n";
}
