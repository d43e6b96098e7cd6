#!/bin/sh
# Makes the certificates of the TLS tests anew: two authorities, a server of the first, and clients of each. They are for
# tests on loopback alone, their keys are public, and they hold from 2020 to 2120, so that no test fails by the calendar.
set -eu
cd "$(dirname "$0")"
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

cat >"$made/config" <<CONFIG
[ca]
default_ca = it
[it]
new_certs_dir = $made
database = $made/index
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
CONFIG

# name, common name, and its key, which stays in the temporary folder unless it is one of a client or a server
request() {
  openssl req -config /dev/null -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2 (test only)" \
    -keyout "$3" -out "$made/$1.csr" 2>/dev/null
}

# name, and who signs it
sign() {
  : >"$made/index"
  name=$1
  shift
  openssl ca -batch -notext -config "$made/config" -startdate 20200101000000Z -enddate 21200101000000Z \
    -in "$made/$name.csr" -extfile "$made/extensions" -out "$name.cert.pem" "$@" 2>/dev/null
}

authority() {
  request "$1" "$2" "$made/$1.key"
  printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n' >"$made/extensions"
  sign "$1" -selfsign -keyfile "$made/$1.key"
}

# name, authority, common name, subject alternative names, extended key usage
issued() {
  request "$1" "$3" "$1.key.pem"
  printf 'subjectAltName=%s\nextendedKeyUsage=%s\nbasicConstraints=critical,CA:FALSE\n' "$4" "$5" >"$made/extensions"
  sign "$1" -cert "$2.cert.pem" -keyfile "$made/$2.key"
}

authority authority 'Switchgear authority'
authority stranger-authority 'Strange authority'
issued server authority 'Switchgear server' 'IP:127.0.0.1,DNS:users.test' serverAuth
issued client authority 'Switchgear client' 'DNS:client.test' clientAuth
issued next-client authority 'Switchgear next client' 'DNS:next-client.test' clientAuth
issued stranger stranger-authority 'Strange client' 'DNS:stranger.test' clientAuth
chmod 644 ./*.pem
