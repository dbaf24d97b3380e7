#!/usr/bin/env bash
# make.sh: makes all files of this folder anew with the program openssl (made with 3.0.19). Run it in this folder.
set -euo pipefail
for name in house acme; do
  openssl req -x509 -newkey rsa:2048 -nodes -sha256 -days 36500 -subj "/CN=$name" -keyout "$name.key" -out "$name.pem" 2>/dev/null
done
printf 'Content-Type: application/edi-x12\r\nContent-Disposition: attachment; filename="po.edi"\r\n\r\nISA*a message made for this test~\r\n' > order.mime

sign() { # sign TO OPTIONS...: multipart/signed by acme
  openssl cms -sign -binary -in order.mime -signer acme.pem -inkey acme.key -out "$1" "${@:2}"
}
encrypt() { # encrypt FROM TO CIPHER OPTIONS...: for house, as bare DER
  openssl cms -encrypt -binary -in "$1" -recip house.pem -outform DER -out "$2" "-$3" "${@:4}"
}
sign signed-sha256.mime -md sha256
sign signed-sha512-pss.mime -md sha512 -keyopt rsa_padding_mode:pss
encrypt signed-sha256.mime sealed-aes-256-cbc.der aes-256-cbc
encrypt signed-sha256.mime sealed-aes-256-gcm.der aes-256-gcm
encrypt signed-sha256.mime sealed-aes-128-cbc-oaep.der aes-128-cbc -keyopt rsa_padding_mode:oaep
encrypt signed-sha512-pss.mime sealed-indefinite-lengths.der aes-256-cbc -stream
