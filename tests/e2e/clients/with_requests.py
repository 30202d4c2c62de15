"""python with_requests.py URL BODY: posts BODY and prints the answer."""

import sys

import requests

url, body = sys.argv[1:]
response = requests.post(url, data=body, headers={"Content-Type": "application/json"}, timeout=20)
sys.stdout.write(response.text)
