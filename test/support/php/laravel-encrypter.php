<?php

// Runs Laravel's own Encrypter over many values at once.
//
// Usage: php laravel-encrypter.php AUTOLOAD < JSON
// Input:  {"key": base64 of 32 bytes, "encrypt": [text, ...], "decrypt": [payload, ...]}
// Output: {"serialized": [payload, ...], "plain": [payload, ...],
//          "fromSerialized": [text or null, ...], "fromPlain": [text or null, ...]}
// The first two are of "encrypt", the others of "decrypt"; null stands for a payload that Laravel refuses or
// whose text is no PHP-serialised string.

declare(strict_types=1);

use Illuminate\Contracts\Encryption\DecryptException;
use Illuminate\Encryption\Encrypter;

require $argv[1];

$input = json_decode(stream_get_contents(STDIN), true, flags: JSON_THROW_ON_ERROR);
$encrypter = new Encrypter(base64_decode($input['key'], true), 'AES-256-CBC');

$decrypt = static function (string $payload, bool $unserialize) use ($encrypter): ?string {
    try {
        // Only unserialize() warns here, about a text that it cannot read.
        $text = @$encrypter->decrypt($payload, $unserialize);
    } catch (DecryptException) {
        return null;
    }

    return is_string($text) ? $text : null;
};

echo json_encode([
    'serialized' => array_map(static fn (string $text) => $encrypter->encrypt($text), $input['encrypt']),
    'plain' => array_map(static fn (string $text) => $encrypter->encrypt($text, false), $input['encrypt']),
    'fromSerialized' => array_map(static fn (string $payload) => $decrypt($payload, true), $input['decrypt']),
    'fromPlain' => array_map(static fn (string $payload) => $decrypt($payload, false), $input['decrypt']),
], JSON_THROW_ON_ERROR);
